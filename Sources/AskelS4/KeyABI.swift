// SPDX-License-Identifier: Apache-2.0

import Basics
import CAskelS4
import Secrets
import Vault

/// An `askel_s4_key` that came with a call.
///
/// Make it first, before anything of the call can fail: what the product gave for its callbacks is then freed whatever
/// becomes of the call.
struct KeyArgument {
  private enum Kind: Int32 {
    case file = 0
    case bytes = 1
    case passphrase = 2
    case service = 3

    var title: String {
      switch self {
      case .file: "ASKEL_S4_KEY_FILE"
      case .bytes: "ASKEL_S4_KEY_BYTES"
      case .passphrase: "ASKEL_S4_KEY_PASSPHRASE"
      case .service: "ASKEL_S4_KEY_SERVICE"
      }
    }
  }

  /// Whether there is one at all.
  let isGiven: Bool
  /// The member of the call's options: "vault_key".
  private let name: String
  private var given = askel_s4_key()
  private var userdata: Userdata?
  private var fault: S4Error?

  /// - Parameter pointer: NULL where none is given. One whose struct_size is wrong is not taken: nothing in it can be
  ///   relied upon.
  init(_ pointer: UnsafePointer<askel_s4_key>?, _ name: String) {
    self.name = name
    isGiven = pointer != nil
    guard pointer != nil else { return }
    do throws(S4Error) {
      try Argument.options(pointer, name, firstSize: MemoryLayout<askel_s4_key>.size, into: &given)
      if given.userdata != nil || given.free_fn != nil {
        userdata = Userdata(given.userdata, free: given.free_fn)
      }
    } catch {
      fault = error
    }
  }

  /// Makes the source that the vault takes its key from. Nothing of the product's is run.
  /// - Throws: `.invalidArgument` that names the member; `.vaultKeyRefused` for a key file that is not fit.
  func source() throws(S4Error) -> any KeySource {
    if let fault { throw fault }
    guard isGiven else { throw .invalidArgument(name, "is NULL") }
    let kind = try Argument.choice(given.kind, name + ".kind", as: Kind.self)
    try checkForeignMembers(kind)
    switch kind {
    case .file: return try file()
    case .bytes: return try bytes()
    case .passphrase: return try passphrase()
    case .service: return try service()
    }
  }

  private func file() throws(S4Error) -> any KeySource {
    let path = try Argument.text(given.file, name + ".file")
    guard !path.isEmpty else { throw .invalidArgument(name + ".file", "is empty: give the path of the key file") }
    return try LocalKeySource(
      file: path, allowsShared: try Argument.flag(given.allow_shared_file, name + ".allow_shared_file"))
  }

  private func bytes() throws(S4Error) -> any KeySource {
    guard let start = given.bytes else { throw .invalidArgument(name + ".bytes", "is missing (NULL)") }
    guard given.size == AEAD.keyCount else {
      throw .invalidArgument(
        name + ".size", "\(UInt(bitPattern: given.size)) bytes are not \(AEAD.keyCount): give the key's random bytes")
    }
    return try LocalKeySource(raw: UnsafeRawBufferPointer(start: start, count: given.size))
  }

  private func passphrase() throws(S4Error) -> any KeySource {
    guard let start = given.bytes else { throw .invalidArgument(name + ".bytes", "is missing (NULL)") }
    let range = PassphraseKeySource.range
    guard range ~= given.size else {
      throw .invalidArgument(
        name + ".size",
        "a passphrase of \(UInt(bitPattern: given.size)) bytes: give \(range.lowerBound) to \(range.upperBound)")
    }
    let text = UnsafeRawBufferPointer(start: start, count: given.size)
    // In another encoding it would be another key on the next machine.
    guard UTF8Check.isValid(text) else { throw .invalidArgument(name + ".bytes", "is not UTF-8") }
    return try PassphraseKeySource(SecretBytes(copying: text))
  }

  private func service() throws(S4Error) -> any KeySource {
    let title = try Argument.text(given.name, name + ".name")
    let range = KeyParameters.nameRange
    guard range ~= title.utf8.count else {
      throw .invalidArgument(
        name + ".name",
        "has \(title.utf8.count) bytes; a service's key has a name of \(range.lowerBound) to "
          + "\(range.upperBound)")
    }
    guard title.unicodeScalars.allSatisfy({ $0.value >= 0x20 && !(0x7F...0x9F ~= $0.value) }) else {
      throw .invalidArgument(name + ".name", "holds a control character")
    }
    guard let wrap = given.wrap else { throw .invalidArgument(name + ".wrap", "is missing (NULL)") }
    guard let unwrap = given.unwrap else { throw .invalidArgument(name + ".unwrap", "is missing (NULL)") }
    let userdata = userdata ?? Userdata(nil, free: nil)
    return try ServiceKeySource(
      name: title, keptFor: given.data_key_ttl_ms == 0 ? Self.standardTTL : given.data_key_ttl_ms,
      wrap: Self.operation("wrap", wrap, userdata, of: title, limit: KeyLimit.wrapped),
      unwrap: Self.operation("unwrap", unwrap, userdata, of: title, limit: KeyLimit.keys))
  }

  /// A member of another kind is a mistake: its writer believes that it counts.
  private func checkForeignMembers(_ kind: Kind) throws(S4Error) {
    let members: [(name: String, isSet: Bool, kinds: [Kind])] = [
      ("file", given.file != nil, [.file]),
      ("allow_shared_file", given.allow_shared_file != 0, [.file]),
      ("bytes", given.bytes != nil, [.bytes, .passphrase]),
      ("size", given.size != 0, [.bytes, .passphrase]),
      ("name", given.name != nil, [.service]),
      ("wrap", given.wrap != nil, [.service]),
      ("unwrap", given.unwrap != nil, [.service]),
      ("userdata", given.userdata != nil, [.service]),
      ("free_fn", given.free_fn != nil, [.service]),
      ("data_key_ttl_ms", given.data_key_ttl_ms != 0, [.service]),
    ]
    for member in members where member.isSet && !member.kinds.contains(kind) {
      throw .invalidArgument(
        name + "." + member.name, "is given, and a key of the kind \(kind.title) has none: leave it NULL or 0")
    }
  }

  /// Milliseconds that an unwrapped key is kept where the product says nothing.
  private static let standardTTL: Int64 = 300_000

  private static func operation(
    _ verb: String, _ callback: @escaping askel_s4_key_fn, _ userdata: Userdata, of key: String, limit: Int
  ) -> ServiceKeySource.Operation {
    { (input, associatedData) throws(S4Error) in
      let sink = CallbackSink(byteLimit: limit)
      let code = try associatedData.span.withUnsafeBytes { (data) throws(S4Error) in
        try sink.run { handle in
          callback(
            userdata.pointer, input.baseAddress?.assumingMemoryBound(to: UInt8.self), input.count,
            data.baseAddress?.assumingMemoryBound(to: UInt8.self), data.count, handle)
        }
      }
      let service = "the key service of \"\(key)\""
      guard code == 0 else {
        let reason = sink.failure ?? "its callback returned \(code) without a reason (askel_s4_sink_failure)"
        guard code != ASKEL_S4_VAULT_UNAVAILABLE else {
          throw S4Error(
            .vaultUnavailable, "\(service) does not answer: \(reason): try again, or look at the service",
            isRetryable: true)
        }
        throw S4Error(
          .vaultKeyRefused,
          "\(service) did not \(verb) a key: \(reason): look at the service, and at what this process may do there")
      }
      if let fault = sink.fault { throw fault }
      guard let bytes = sink.bytes else {
        throw S4Error(
          .vaultKeyRefused,
          "\(service) gave nothing: its \(verb) callback returned 0 without a call of askel_s4_sink_bytes; mend it")
      }
      return bytes
    }
  }
}
