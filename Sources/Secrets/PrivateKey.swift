// SPDX-License-Identifier: Apache-2.0

import Basics
import COpenSSL

/// A private key as OpenSSL computes with it; wiped at the end.
///
/// It is read here and not by OpenSSL's decoder, which frees copies of it without wiping them. What it is made of here
/// are numbers, which OpenSSL wipes when it frees them.
/// Source: RFC 5958 (PKCS #8), RFC 8017 appendix A.1.2 (RSA), RFC 5915 (EC), RFC 8410 (Ed25519, Ed448).
package struct PrivateKey: ~Copyable {
  package let pair: OpaquePointer

  /// - Parameter text: PEM, not encrypted.
  /// - Throws: `.invalidArgument` that names `client_key` and says what to do.
  package init(_ text: SecretBytes) throws(S4Error) {
    pair = try text.withUnsafeBytes { (bytes) throws(S4Error) in
      let key = try PEMKey(bytes)
      return try key.der.withUnsafeBytes { (der) throws(S4Error) in try Self.makePair(key.form, der) }
    }
  }

  deinit {
    EVP_PKEY_free(pair)
  }

  static let isDamaged = refusal("is damaged: give the whole PEM text")
  static let isOfAnotherKind = refusal(
    "is of a kind that is not taken: give an RSA key, an EC key of a named curve, or an Ed25519 key")

  static func refusal(_ why: String) -> S4Error { .invalidArgument("client_key", why) }

  /// - Returns: the caller's to free.
  static func makePair(_ form: PEMKey.Form, _ der: UnsafeRawBufferPointer) throws(S4Error) -> OpaquePointer {
    let pair =
      switch form {
      case .pkcs8: try pkcs8(der)
      case .pkcs1: try rsa(der)
      case .sec1: try ellipticCurve(der, curve: nil)
      }
    guard let pair else { throw isDamaged }
    return pair
  }

  private static func pkcs8(_ der: UnsafeRawBufferPointer) throws(S4Error) -> OpaquePointer? {
    var outside = DERReader(der)
    guard var key = outside.enter(DERReader.sequence), key.readNumber() != nil,
      var algorithm = key.enter(DERReader.sequence), let name = algorithm.read(DERReader.objectIdentifier),
      let inside = key.read(DERReader.octetString)
    else { return nil }
    let kind = identifier(name)
    switch kind {
    case NID_rsaEncryption: return try rsa(inside)
    case NID_X9_62_id_ecPublicKey:
      return try ellipticCurve(inside, curve: algorithm.read(DERReader.objectIdentifier))
    case NID_ED25519, NID_ED448:
      var reader = DERReader(inside)
      guard let number = reader.read(DERReader.octetString) else { return nil }
      return EVP_PKEY_new_raw_private_key(
        kind, nil, number.baseAddress?.assumingMemoryBound(to: UInt8.self), number.count)
    default: throw isOfAnotherKind
    }
  }

  private static func rsa(_ der: UnsafeRawBufferPointer) throws(S4Error) -> OpaquePointer? {
    var outside = DERReader(der)
    guard var key = outside.enter(DERReader.sequence), let version = key.readNumber() else { return nil }
    // A key of more than two primes has another version.
    guard version.elementsEqual([0]) else { throw isOfAnotherKind }
    let parameters = KeyParameterList(capacity: der.count)
    for name in [
      "n", "e", "d", "rsa-factor1", "rsa-factor2", "rsa-exponent1", "rsa-exponent2", "rsa-coefficient1",
    ] as [StaticString] {
      guard let number = key.readNumber() else { return nil }
      parameters.append(name, number: number)
    }
    return parameters.makeKey("RSA")
  }

  /// - Parameter curve: as PKCS #8 has it; nil: the key says it itself.
  private static func ellipticCurve(
    _ der: UnsafeRawBufferPointer, curve: UnsafeRawBufferPointer?
  ) throws(S4Error) -> OpaquePointer? {
    var outside = DERReader(der)
    guard var key = outside.enter(DERReader.sequence), key.readNumber() != nil,
      let number = key.read(DERReader.octetString)
    else { return nil }
    var own = key.enter(0xA0)
    guard let curve = curve ?? own?.read(DERReader.objectIdentifier),
      let group = EC_GROUP_new_by_curve_name(identifier(curve)),
      let name = OBJ_nid2sn(EC_GROUP_get_curve_name(group))
    else { throw isOfAnotherKind }
    defer { EC_GROUP_free(group) }
    let parameters = KeyParameterList(capacity: der.count + longestPoint)
    parameters.append("group", text: name)
    parameters.append("priv", number: number)
    var named = key.enter(0xA1)
    if let bits = named?.read(DERReader.bitString) {
      // Its first byte says how many bits of the last one do not count: none.
      parameters.append("pub", bytes: UnsafeRawBufferPointer(rebasing: bits.dropFirst()))
    } else {
      point(of: number, group).withUnsafeBytes { parameters.append("pub", bytes: $0) }
    }
    return parameters.makeKey("EC")
  }

  /// Bytes of a point on the largest curve.
  private static let longestPoint = 256

  /// The public key for a private one that comes without, as Java writes it.
  /// - Returns: nothing where the number is none of this curve.
  private static func point(of number: UnsafeRawBufferPointer, _ group: OpaquePointer) -> [UInt8] {
    let scalar = BN_secure_new()
    let point = EC_POINT_new(group)
    defer {
      BN_clear_free(scalar)
      EC_POINT_free(point)
    }
    guard let count = Int32(exactly: number.count),
      BN_bin2bn(number.baseAddress?.assumingMemoryBound(to: UInt8.self), count, scalar) != nil,
      EC_POINT_mul(group, point, scalar, nil, nil, nil) == 1
    else { return [] }
    return [UInt8](unsafeUninitializedCapacity: longestPoint) { bytes, count in
      count = EC_POINT_point2oct(
        group, point, POINT_CONVERSION_UNCOMPRESSED, bytes.baseAddress, bytes.count, nil)
    }
  }

  /// OpenSSL's number of a name in ASN.1.
  private static func identifier(_ name: UnsafeRawBufferPointer) -> Int32 {
    guard 1...32 ~= name.count else { return NID_undef }
    let der = [DERReader.objectIdentifier, UInt8(name.count)] + name
    return der.withUnsafeBufferPointer { bytes in
      var next = bytes.baseAddress
      let object = d2i_ASN1_OBJECT(nil, &next, bytes.count)
      defer { ASN1_OBJECT_free(object) }
      return object == nil ? NID_undef : OBJ_obj2nid(object)
    }
  }
}
