// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif
import Basics
import Secrets

/// A complete answer.
package struct HTTPResponse: Sendable {
  package var status: Int
  /// Names in lower case. Cookies and CSRF tokens are credentials and are not among them: see `session`.
  package var headers: [(name: String, value: String)]
  package var body: Body
  /// Body bytes as they came, compressed.
  package var bytesWire: Int64
  /// Where it was asked for and granted.
  package var session: SessionGrant?
  /// The tenant wants a CSRF token, or another one: it did not process the request.
  package var demandsToken = false

  /// The first header of that name; the name in lower case.
  package func header(_ name: String) -> String? {
    headers.first { $0.name == name }?.value
  }

  package var contentType: String { header("content-type") ?? "" }

  /// `Retry-After` in seconds from now; nil where absent or unreadable.
  package var retryAfter: Int64? { header("retry-after").flatMap { RetryAfter.seconds($0) } }

  package var isSuccess: Bool { 200...299 ~= status }
}

/// The bytes of an answer: one buffer, written by the I/O thread until the answer is complete and read-only from then
/// on. `@unchecked Sendable` for that reason: the completion that hands it over is the barrier.
package final class Body: @unchecked Sendable {
  package private(set) var count = 0
  private var capacity = 0
  private var base: UnsafeMutableRawPointer?
  private let isSecret: Bool

  package init(isSecret: Bool = false) {
    self.isSecret = isSecret
  }

  deinit {
    discard()
  }

  /// Copies what is to be sent.
  /// - Returns: nil where memory is short.
  package convenience init?(copying bytes: UnsafeRawBufferPointer) {
    self.init()
    guard append(bytes) else { return nil }
  }

  /// Valid while the body lives.
  package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

  /// - Returns: false where memory is short.
  func append(_ source: UnsafeRawBufferPointer) -> Bool {
    guard let first = source.baseAddress, source.count > 0 else { return true }
    let (needed, overflow) = count.addingReportingOverflow(source.count)
    guard !overflow, reserve(needed), let base else { return false }
    memcpy(base + count, first, source.count)
    count = needed
    return true
  }

  func removeAll() {
    discard()
    (base, count, capacity) = (nil, 0, 0)
  }

  private func reserve(_ needed: Int) -> Bool {
    guard needed > capacity else { return true }
    let (doubled, overflow) = capacity.multipliedReportingOverflow(by: 2)
    let wanted = max(needed, overflow ? needed : doubled, 16_384)
    // realloc would leave an unwiped copy behind.
    guard isSecret else {
      guard let grown = realloc(base, wanted) else { return false }
      (base, capacity) = (grown, wanted)
      return true
    }
    guard let grown = malloc(wanted) else { return false }
    if let base { memcpy(grown, base, count) }
    discard()
    (base, capacity) = (grown, wanted)
    return true
  }

  private func discard() {
    guard let base else { return }
    if isSecret { SecretMemory.wipe(UnsafeMutableRawBufferPointer(start: base, count: capacity)) }
    free(base)
  }
}
