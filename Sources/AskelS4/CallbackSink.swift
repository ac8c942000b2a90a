// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif
import Basics
import Secrets
import Vault

/// What stands behind `askel_s4_sink`: takes what one run of one callback gives. Valid during that run alone.
///
/// Used by the thread that runs the callback; nothing that comes in is trusted.
final class CallbackSink {
  /// Bytes at most that the callback may give.
  private let byteLimit: Int
  /// Records at most that the callback may give.
  private let recordLimit: Int

  /// What came last through `askel_s4_sink_bytes`.
  private(set) var bytes: SecretBytes?
  /// What came through `askel_s4_sink_record`, in that order.
  private(set) var records: [StoredRecord] = []
  /// Why the callback is about to return non-zero: one line.
  private(set) var failure: String?
  /// Whether the callback said that it has done all.
  private(set) var isDone = false
  /// What is wrong with what came: `.vaultKeyRefused` for bytes, `.vaultCorrupt` for records.
  var fault: S4Error? { byteFault ?? recordFault }

  private var byteFault: S4Error?
  private var recordFault: S4Error?

  init(byteLimit: Int = 0, recordLimit: Int = 0) {
    self.byteLimit = byteLimit
    self.recordLimit = recordLimit
  }

  /// Runs a callback with this sink, outside of the gate that the caller has passed: see `ForkGate.outside`.
  /// - Returns: what the callback returned.
  /// - Throws: `.forked` where this is a child that the callback made: the secrets of its parent are zero here, and
  ///   nothing may be sealed with them.
  func run(_ callback: (OpaquePointer) -> Int32) throws(S4Error) -> Int32 {
    let guardian = ForkGuard()
    let code = withExtendedLifetime(self) {
      let handle = OpaquePointer(Unmanaged.passUnretained(self).toOpaque())
      return ForkGate.outside { callback(handle) }
    }
    try guardian.check()
    return code
  }

  /// - Parameter size: of `data`; one beyond `Int.max` comes as a negative number.
  func take(bytes data: UnsafeRawPointer?, size: Int) {
    bytes = nil
    byteFault = nil
    guard let data else { return }
    guard 0...byteLimit ~= size else {
      byteFault = S4Error(
        .vaultKeyRefused,
        "the callback gave \(UInt(bitPattern: size)) bytes, where at most \(byteLimit) are taken: mend it")
      return
    }
    bytes = SecretBytes(copying: UnsafeRawBufferPointer(start: data, count: size))
  }

  /// The first record that is wrong counts: what comes after it is left out.
  func take(record key: UnsafePointer<CChar>?, version: Int64, value: UnsafeRawPointer?, size: Int) {
    guard recordFault == nil else { return }
    do throws(S4Error) {
      records.append(try record(key, version, value, size))
    } catch {
      recordFault = error
      records = []
    }
  }

  func take(failure message: UnsafePointer<CChar>?) {
    guard let message else { return }
    failure = Self.line(message)
  }

  func takeDone() { isDone = true }

  private func record(
    _ key: UnsafePointer<CChar>?, _ version: Int64, _ value: UnsafeRawPointer?, _ size: Int
  ) throws(S4Error) -> StoredRecord {
    guard records.count < recordLimit else { throw Self.wrong("more than the \(recordLimit) records asked for") }
    guard let key else { throw Self.wrong("a record without a key (NULL)") }
    let letters = UnsafeRawBufferPointer(start: key, count: strnlen(key, StoreLimit.key + 1))
    guard 1...StoreLimit.key ~= letters.count, letters.allSatisfy({ 0x21...0x7E ~= $0 }) else {
      throw Self.wrong("a record whose key is not 1 to \(StoreLimit.key) characters of ASCII: \"\(Self.line(key))\"")
    }
    let name = String(decoding: letters, as: UTF8.self)
    guard version >= 1 else { throw Self.wrong("the record \"\(name)\" with the version \(version)") }
    guard 0...StoreLimit.value ~= size else {
      throw Self.wrong("the record \"\(name)\" with \(UInt(bitPattern: size)) bytes, above \(StoreLimit.value)")
    }
    guard value != nil || size == 0 else { throw Self.wrong("the record \"\(name)\" without its value (NULL)") }
    return StoredRecord(
      key: name, version: version, value: Array(UnsafeRawBufferPointer(start: value, count: size)))
  }

  private static func wrong(_ what: String) -> S4Error {
    S4Error(
      .vaultCorrupt, "the product's store gave \(what): mend its callbacks, or restore its records from a copy")
  }

  /// Characters of the longest text of a callback's that a message carries.
  private static let longestLine = 300

  /// Text from outside on one line, cut where it is too long. What is not UTF-8 is replaced.
  private static func line(_ text: UnsafePointer<CChar>) -> String {
    // A character has four bytes at most.
    let count = strnlen(text, 4 * longestLine + 4)
    let scalars = String(decoding: UnsafeRawBufferPointer(start: text, count: count), as: UTF8.self).unicodeScalars
    var line = String.UnicodeScalarView()
    for scalar in scalars.prefix(longestLine) {
      switch scalar.value {
      case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029: line.append(" ")
      default: line.append(scalar)
      }
    }
    if scalars.count > longestLine { line.append("…") }
    return String(line)
  }
}
