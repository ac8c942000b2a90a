# SPDX-License-Identifier: Apache-2.0
"""Authorities of our own, a server certificate for this machine and a client's, made fresh at each start."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_DAYS = 30
CLIENT_NAME = "nordvik-client"

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
# How the client's key is made.
CLIENT_KEYS: dict[str, Callable[[], PrivateKey]] = {
    "p-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "p-521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "rsa": lambda: rsa.generate_private_key(65537, 2048),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
}


@dataclass(frozen=True)
class Certificates:
    """What clients need: whom to trust, and what to show."""

    ca_file: Path
    client_certificate: str
    client_key: str


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Askel S4 sandbox"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _builder(
    subject: str, issuer: str, key: ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=_DAYS))
    )


def make_certificates(directory: Path, client_key: str = "p-256") -> Certificates:
    """Writes ca.pem, server.pem and client-ca.pem into `directory`; server.pem (certificate, then key) has mode 0600.

    - client_key: one of `CLIENT_KEYS`.
    - Returns: the path of ca.pem, which clients are to trust, and a certificate that the tenant knows, with its key.
    """
    authority, server = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only",
         "decipher_only"), False,
    )  # fmt: skip
    identity = x509.SubjectKeyIdentifier.from_public_key(authority.public_key())
    root = (
        _builder("Sandbox CA", "Sandbox CA", authority.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.KeyUsage(digital_signature=False, key_cert_sign=True, crl_sign=True, **usage), critical=True
        )
        .add_extension(identity, critical=False)
        .sign(authority, hashes.SHA256())
    )
    # The names of many tenants: each its own host, all of them here.
    hosts = ("localhost", "*.tenants.localhost", "*.tenants.test")
    names: list[x509.GeneralName] = [x509.DNSName(host) for host in hosts]
    names += [x509.IPAddress(ipaddress.ip_address(text)) for text in ("127.0.0.1", "::1")]
    leaf = (
        _builder("localhost", "Sandbox CA", server.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(digital_signature=True, key_cert_sign=False, crl_sign=False, **usage), critical=True
        )
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identity), critical=False)
        .sign(authority, hashes.SHA256())
    )
    ca_file, server_file = directory / "ca.pem", directory / "server.pem"
    ca_file.write_bytes(root.public_bytes(serialization.Encoding.PEM))
    key = server.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    server_file.touch(mode=0o600)
    server_file.write_bytes(leaf.public_bytes(serialization.Encoding.PEM) + key)
    return Certificates(ca_file, *_client(directory, CLIENT_KEYS[client_key]()))


def _client(directory: Path, client: PrivateKey) -> tuple[str, str]:
    """A client's certificate and key, PEM, of an authority of their own: the server's must not vouch for clients."""
    authority = ec.generate_private_key(ec.SECP256R1())
    root = (
        _builder("Sandbox client CA", "Sandbox client CA", authority.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(authority, hashes.SHA256())
    )
    leaf = (
        _builder(CLIENT_NAME, "Sandbox client CA", client.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .sign(authority, hashes.SHA256())
    )
    (directory / "client-ca.pem").write_bytes(root.public_bytes(serialization.Encoding.PEM))
    key = client.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return leaf.public_bytes(serialization.Encoding.PEM).decode(), key.decode()


def server_context(directory: Path) -> ssl.SSLContext:
    """TLS 1.2 and later with the certificate that `make_certificates` wrote."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(directory / "server.pem")
    # Nobody has to show a certificate; one of an unknown authority ends the handshake.
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(directory / "client-ca.pem")
    context.set_alpn_protocols(["http/1.1"])
    return context
