// SPDX-License-Identifier: Apache-2.0

import Basics
import COpenSSL

/// One AES-256-GCM operation of OpenSSL, used once; its key schedule is wiped when it ends.
/// Source: EVP_EncryptInit(3), section "GCM and OCB Modes".
struct CipherContext: ~Copyable {
  enum Direction: Int32 {
    case open = 0
    case seal = 1
  }

  /// Looked up once: OpenSSL 3 would search its providers for each operation. Never changed and never freed.
  nonisolated(unsafe) private static let cipher = {
    OpenSSLRuntime.start()
    return EVP_CIPHER_fetch(nil, "AES-256-GCM", nil)
  }()

  private let context: OpaquePointer

  /// - Parameters:
  ///   - key: 32 bytes.
  ///   - nonce: 12 bytes, OpenSSL's default for GCM.
  init(_ direction: Direction, key: SecretBytes, nonce: UnsafeRawBufferPointer) throws(S4Error) {
    guard key.count == AEAD.keyCount, nonce.count == AEAD.nonceCount else {
      throw S4Error(.internalDefect, "a key of \(key.count) bytes was given to AES-256: please report this")
    }
    guard let cipher = Self.cipher else {
      ERR_clear_error()
      throw S4Error(.hostUnfit, "OpenSSL offers no AES-256-GCM: look at the providers in its configuration")
    }
    guard let context = EVP_CIPHER_CTX_new() else { throw Self.refused }
    let isReady = key.withUnsafeBytes { bytes in
      EVP_CipherInit_ex2(context, cipher, Self.octets(bytes), Self.octets(nonce), direction.rawValue, nil) == 1
    }
    guard isReady else {
      EVP_CIPHER_CTX_free(context)
      throw Self.refused
    }
    self.context = context
  }

  deinit {
    EVP_CIPHER_CTX_free(context)
  }

  /// Takes in the associated data; before any text.
  func authenticate(_ data: [UInt8]) throws(S4Error) {
    guard !data.isEmpty else { return }
    var written: Int32 = 0
    guard let count = Int32(exactly: data.count), EVP_CipherUpdate(context, nil, &written, data, count) == 1 else {
      throw Self.refused
    }
  }

  /// Encrypts or decrypts the whole text.
  /// - Parameter output: as long as `input`.
  func update(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) throws(S4Error) {
    guard !input.isEmpty else { return }
    var written: Int32 = 0
    guard let count = Int32(exactly: input.count), output.count == input.count,
      EVP_CipherUpdate(context, Self.octets(output), &written, Self.octets(input), count) == 1, written == count
    else { throw Self.refused }
  }

  /// Ends a sealing and writes its tag.
  /// - Parameter tag: 16 bytes.
  func finish(tag: UnsafeMutableRawBufferPointer) throws(S4Error) {
    var rest: Int32 = 0
    guard EVP_CipherFinal_ex(context, Self.octets(tag), &rest) == 1, rest == 0,
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(AEAD.tagCount), tag.baseAddress) == 1
    else { throw Self.refused }
  }

  /// Ends an opening.
  /// - Parameter tag: 16 bytes.
  /// - Returns: whether text and associated data are genuine.
  func matches(tag: UnsafeRawBufferPointer) -> Bool {
    var rest: Int32 = 0
    var nothing: UInt8 = 0
    let isGenuine =
      EVP_CIPHER_CTX_ctrl(
        context, EVP_CTRL_AEAD_SET_TAG, Int32(AEAD.tagCount), UnsafeMutableRawPointer(mutating: tag.baseAddress)) == 1
      && EVP_CipherFinal_ex(context, &nothing, &rest) == 1
    if !isGenuine { ERR_clear_error() }
    return isGenuine
  }

  private static func octets(_ bytes: UnsafeRawBufferPointer) -> UnsafePointer<UInt8>? {
    bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
  }

  private static func octets(_ bytes: UnsafeMutableRawBufferPointer) -> UnsafeMutablePointer<UInt8>? {
    bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
  }

  /// OpenSSL's error queue belongs to the thread, and so to the host: it is left empty.
  private static var refused: S4Error {
    ERR_clear_error()
    return S4Error(.hostUnfit, "OpenSSL refused AES-256-GCM: look at the host's memory and its OpenSSL configuration")
  }
}
