// SPDX-License-Identifier: Apache-2.0

import COpenSSL

/// What a key of OpenSSL's is made of, by name. Its numbers lie in secret memory until then.
/// Source: OpenSSL's EVP_PKEY-RSA(7) and EVP_PKEY-EC(7).
final class KeyParameterList {
  private let block: SecretBlock
  private var used = 0
  private var parameters: [OSSL_PARAM] = []

  /// - Parameter capacity: bytes of all values together.
  init(capacity: Int) {
    block = SecretBlock(capacity: capacity)
  }

  /// - Parameter number: its bytes, the most significant first.
  func append(_ name: StaticString, number: UnsafeRawBufferPointer) {
    guard let place = take(number.count) else { return }
    // OpenSSL wants this processor's order, the least significant first.
    for (at, byte) in zip(place.indices, number.reversed()) { place[at] = byte }
    add(name) { OSSL_PARAM_construct_BN($0, place.baseAddress, place.count) }
  }

  func append(_ name: StaticString, bytes: UnsafeRawBufferPointer) {
    guard let place = take(bytes.count) else { return }
    for (at, byte) in zip(place.indices, bytes) { place[at] = byte }
    add(name) { OSSL_PARAM_construct_octet_string($0, place.baseAddress, place.count) }
  }

  /// - Parameter text: lives as long as this list.
  func append(_ name: StaticString, text: UnsafePointer<CChar>) {
    add(name) { OSSL_PARAM_construct_utf8_string($0, UnsafeMutablePointer(mutating: text), 0) }
  }

  /// - Parameter kind: "RSA".
  /// - Returns: nil where OpenSSL does not take what it is made of; else the caller's to free.
  func makeKey(_ kind: String) -> OpaquePointer? {
    guard let context = EVP_PKEY_CTX_new_from_name(nil, kind, nil) else { return nil }
    defer { EVP_PKEY_CTX_free(context) }
    var pair: OpaquePointer?
    parameters.append(OSSL_PARAM_construct_end())
    let code = withExtendedLifetime(self) {
      EVP_PKEY_fromdata_init(context) == 1
        ? EVP_PKEY_fromdata(context, &pair, askel_pkey_selection_keypair(), &parameters) : 0
    }
    return code == 1 ? pair : nil
  }

  /// - Returns: nil where there is no room, which is more than the values of one key need.
  private func take(_ count: Int) -> UnsafeMutableBufferPointer<UInt8>? {
    guard count <= block.capacity - used else { return nil }
    defer { used += count }
    return UnsafeMutableBufferPointer(
      start: (block.base + used).assumingMemoryBound(to: UInt8.self), count: count)
  }

  private func add(_ name: StaticString, _ make: (UnsafePointer<CChar>) -> OSSL_PARAM) {
    parameters.append(make(UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)))
  }
}
