// SPDX-License-Identifier: Apache-2.0

import Basics
import HTTP
import OData

/// Asks services for their service documents, a few at a time, and says of each how it stands. Each lane has a flight and
/// an exchange of its own; all have the check's deadline and credential.
final class ServiceProbes: Sendable {
  /// What came of one service.
  struct Finding: Sendable {
    let service: ServicePath
    /// nil: it can be read.
    let error: S4Error?
    let milliseconds: UInt64

    var isReadable: Bool { error == nil }
    /// 401 or 403 of the API, where the credential itself is good.
    var isClosed: Bool { error?.code == .unauthorised }
    /// No usable answer came.
    var isUnreachable: Bool {
      error.map { ConnectionOutcome.failed($0).state(after: .active) == .unreachable } ?? false
    }
    var wasAnswered: Bool { error.map { $0.httpStatus > 0 } ?? true }

    /// As the header spells it.
    var status: String {
      switch error?.code {
      case nil: "readable"
      case .unauthorised: "not_in_arrangement"
      case .notFound: "not_found"
      default: "failing"
      }
    }
  }

  typealias Completion = @Sendable (Result<[Finding], S4Error>) -> Void

  /// Services in a list, at most.
  package static let most = 200
  static let lanes = 4
  static let maximumDocument = 16 << 20

  private struct State {
    var next = 0
    var findings: [Finding?]
    var open: Int
    var isOver = false
  }

  private let services: [ServicePath]
  private let exchanges: [Exchange]
  private let completion: Completion
  private let state: Locked<State>

  /// - Parameter exchanges: one for each lane.
  init(_ services: [ServicePath], exchanges: [Exchange], completion: @escaping Completion) {
    self.services = services
    self.exchanges = exchanges
    self.completion = completion
    state = Locked(State(findings: Array(repeating: nil, count: services.count), open: services.count))
  }

  func start() {
    for exchange in exchanges { next(exchange) }
  }

  func cancel() {
    for exchange in exchanges { exchange.flight.cancel() }
  }

  private func next(_ exchange: Exchange) {
    let index = state.withLock { state -> Int? in
      guard !state.isOver, state.next < services.count else { return nil }
      defer { state.next += 1 }
      return state.next
    }
    guard let index else { return }
    let service = services[index]
    let began = Deadline.now
    guard !exchange.deadline.hasPassed else {
      let late = S4Error(
        .timedOut, "the check's time was over before \(service.path) was asked: give more time", target: service.path)
      enter(Finding(service: service, error: late, milliseconds: 0), at: index, exchange)
      return
    }
    exchange.get(service.root, maximumBody: Self.maximumDocument, prefetchesNext: false) { [self] result in
      var found: S4Error?
      do throws(S4Error) {
        try exchange.checkJSON(try result.get(), target: service.path)
      } catch {
        found = error
      }
      let elapsed = (Deadline.now &- began) / 1_000_000
      enter(Finding(service: service, error: found, milliseconds: elapsed), at: index, exchange)
    }
  }

  private func enter(_ finding: Finding, at index: Int, _ exchange: Exchange) {
    switch finding.error?.code {
    case .credentialExpired, .cancelled, .closed, .forked:
      // That is said of no service.
      finish(finding.error.map { .failure($0) } ?? .success([]))
      return
    default: break
    }
    let all = state.withLock { state -> [Finding]? in
      state.findings[index] = finding
      state.open -= 1
      return state.open == 0 ? state.findings.compactMap { $0 } : nil
    }
    guard let all else {
      next(exchange)
      return
    }
    // Where not one was answered, nothing was learned of any.
    if !all.contains(where: \.wasAnswered), let error = all.first?.error {
      finish(.failure(error))
    } else {
      finish(.success(all))
    }
  }

  private func finish(_ result: Result<[Finding], S4Error>) {
    let isFirst = state.withLock { state -> Bool in
      defer { state.isOver = true }
      return !state.isOver
    }
    guard isFirst else { return }
    if case .failure = result { cancel() }
    completion(result)
  }
}
