// SPDX-License-Identifier: Apache-2.0

import Basics
import CCurl
import Secrets

/// The client certificate of a connection. It belongs to the connection's SSL_CTX, and so outlives the transfer that
/// opened it.
///
/// libcurl would decode the private key by OpenSSL, which frees copies of it without wiping them, and keep it for as
/// long as it keeps the connection. Here OpenSSL gets the key when a server asks for the certificate, and loses it when
/// the handshake has ended. Touched by the engine's I/O thread alone.
final class ShownCertificate {
  let chain: SecretBytes
  /// A connection that waits for its next request keeps nobody's key alive.
  private weak var key: SecretBytes?

  private init(_ certificate: ClientCertificate) {
    chain = certificate.chain
    key = certificate.key
  }

  /// Has connections of a context show a certificate.
  /// - Returns: false where OpenSSL does not take it.
  static func install(_ certificate: ClientCertificate, in context: OpaquePointer?) -> Bool {
    defer { ERR_clear_error() }
    let shown = Unmanaged.passRetained(ShownCertificate(certificate))
    guard SSL_CTX_set_ex_data(context, index, shown.toOpaque()) == 1 else {
      shown.release()
      return false
    }
    SSL_CTX_set_cert_cb(context, onCertificateRequest, nil)
    SSL_CTX_set_info_callback(context, onProgress)
    return add(certificate.chain, to: context)
  }

  /// What a connection shows; nil: nothing.
  static func shown(by session: OpaquePointer) -> ShownCertificate? {
    SSL_CTX_get_ex_data(SSL_get_SSL_CTX(session), index).map {
      Unmanaged<ShownCertificate>.fromOpaque($0).takeUnretainedValue()
    }
  }

  /// A server may ask again later on: for a request whose certificate is this one, as another owner has it.
  func renew(_ certificate: ClientCertificate) {
    key = certificate.key
  }

  private static let index = askel_ssl_context_new_index { _, pointer, _, _, _, _ in
    if let pointer { Unmanaged<ShownCertificate>.fromOpaque(pointer).release() }
  }

  private static let onCertificateRequest: @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Int32 =
    { session, _ in
      defer { SecretMemory.wipeStack() }
      // Whose key is gone shows nothing, and the server decides.
      guard let session, let key = shown(by: session)?.key else { return 1 }
      guard let privateKey = try? PrivateKey(key) else { return 0 }
      defer { withExtendedLifetime(privateKey) {} }
      return askel_ssl_use_key_of_context(session, privateKey.pair)
    }

  private static let onProgress: @convention(c) (OpaquePointer?, Int32, Int32) -> Void = { session, what, code in
    guard what == SSL_CB_CONNECT_EXIT else { return }
    if code == 1 { SSL_certs_clear(session) }
    // What signing left.
    SecretMemory.wipeStack()
  }

  private static func add(_ chain: SecretBytes, to context: OpaquePointer?) -> Bool {
    chain.withUnsafeBytes { pem in
      guard let count = Int32(exactly: pem.count), let input = BIO_new_mem_buf(pem.baseAddress, count) else {
        return false
      }
      defer { BIO_free(input) }
      var isFirst = true
      while let certificate = PEM_read_bio_X509(input, nil, { _, _, _, _ in -1 }, nil) {
        defer { X509_free(certificate) }
        let code =
          isFirst ? SSL_CTX_use_certificate(context, certificate) : askel_ssl_context_add_chain(context, certificate)
        guard code == 1 else { return false }
        isFirst = false
      }
      return !isFirst
    }
  }
}
