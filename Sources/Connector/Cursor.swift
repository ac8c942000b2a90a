// SPDX-License-Identifier: Apache-2.0

import Basics
import HTTP
import OData

/// One read: the page at hand, and the books over all of them.
package final class Cursor: Sendable {
  private enum Progress {
    /// The next page, at the host that gave the link to it; nil: the first.
    case next(target: String?, type: EntityType?, origin: Origin?)
    case finished
    case failed(S4Error)
  }

  private struct State {
    var progress = Progress.next(target: nil, type: nil, origin: nil)
    var source: TokenSource?
    var exchange: Exchange?
    var call: WeakCall?
    var page: PageBuffer?
    var ledger: ReadLedger
    /// Costs of token sources and exchanges of pages before the present one.
    var spent = Costs()
    var began: UInt64?
    var ended: UInt64?
  }

  private struct WeakCall {
    weak var call: Call?
  }

  package let client: Client
  package let request: ReadRequest
  private let state: Locked<State>

  package init(client: Client, request: ReadRequest) throws(S4Error) {
    try client.instance.checkUsable()
    self.client = client
    self.request = request
    state = Locked(State(ledger: ReadLedger(top: request.top, asksCount: request.asksCount)))
  }

  deinit {
    state.withLock { $0.source?.finish() }
  }

  /// Ends what still runs for this cursor; the product has let go of it.
  package func abandon() {
    let (call, source) = state.withLock { ($0.call?.call, $0.source) }
    call?.cancel()
    source?.finish()
  }

  /// Starts fetching the next page.
  package func next() throws(S4Error) -> Call {
    try client.instance.checkUsable()
    let (progress, source, pending) = state.withLock { ($0.progress, $0.source, $0.call?.call) }
    guard pending == nil || pending?.isTaken == true else {
      throw .invalidArgument("cursor", "a call of it is neither taken nor freed: one page at a time")
    }
    switch progress {
    case .failed(let error): throw error
    case .finished:
      let call = try Call(.page(self), engine: client.instance.engine)
      call.finish(.success(.noMorePages))
      state.withLock { $0.call = WeakCall(call: call) }
      return call
    case .next(let target, let type, let origin):
      let source = try usable(source, at: origin)
      let call = try Call(.page(self), engine: client.instance.engine)
      let exchange = client.exchange(source, call, timeout: request.timeout, trace: request.trace)
      state.withLock { state in
        if let former = state.source, former !== source { state.spent.add(former) }
        if let former = state.exchange { state.spent.add(former) }
        state.source = source
        state.exchange = exchange
        state.call = WeakCall(call: call)
        state.began = state.began ?? Deadline.now
      }
      PageFetch(client: client, request: request, exchange: exchange, call: call).start(
        target: target, type: type, at: origin)
      return call
    }
  }

  /// Takes the page that a call of `next` fetched; decoded and proven on this thread.
  /// - Returns: false where there are no more pages.
  package func take(_ call: Call) throws(S4Error) -> Bool {
    do throws(S4Error) {
      switch try call.take() {
      case .page(let answer):
        try enter(answer)
        return true
      case .noMorePages: return false
      default: throw S4Error(.internalDefect, "a page's call holds something else: please report this")
      }
    } catch  where error.code == .pending || error.code == .invalidArgument && error.target == "call" {
      throw error
    } catch {
      fail(error)
      throw error
    }
  }

  private func enter(_ answer: PageAnswer) throws(S4Error) {
    let service = request.service
    let place = service.path + "/" + request.entitySet
    guard let exchange = state.withLock({ $0.exchange }) else { return }
    try exchange.checkJSON(answer.answer, target: place)
    let page = try PageBuffer(answer.answer.response.body, type: answer.type)
    var next: String?
    if let link = page.index.nextLink {
      next = try NextLink.resolve(
        link, service: service, requestTarget: answer.target, origin: answer.answer.credential.settings.origin)
    }
    let result = Result { () throws(S4Error) in
      try state.withLock { state throws(S4Error) in
        state.ended = Deadline.now
        page.rowCount = try state.ledger.enter(
          page, target: answer.target, next: next, countFailed: answer.countFailed)
        state.page = page
        if let next, !state.ledger.isFull {
          state.progress = .next(
            target: next, type: answer.type, origin: answer.answer.credential.settings.origin)
        } else {
          state.progress = .finished
        }
      }
    }
    if isFinished { exchange.source.finish() }
    try result.get()
  }

  /// A read that failed for good stays failed. One that was cut off or cancelled goes on with the same page.
  private func fail(_ error: S4Error) {
    let isFinal = !error.isRetryable && error.code != .cancelled && error.code != .credentialExpired
    let source = state.withLock { state -> TokenSource? in
      state.ended = Deadline.now
      guard isFinal else { return nil }
      state.progress = .failed(error)
      state.ledger.fail()
      return state.source
    }
    source?.finish()
  }

  private var isFinished: Bool {
    state.withLock { if case .finished = $0.progress { true } else { false } }
  }

  /// The token source of the pages before, with the token that was minted ahead, unless the credential changed.
  /// - Parameter origin: the host that gave the link to the next page; nil for the first.
  private func usable(_ source: TokenSource?, at origin: Origin?) throws(S4Error) -> TokenSource {
    var current = source
    if let source, try !client.isCurrent(source) {
      source.finish()
      current = nil
    }
    let usable: TokenSource
    if let current { usable = current } else { usable = try client.tokenSource() }
    // Pages of two tenants are no read.
    guard origin.map({ $0 == usable.current.settings.origin }) ?? true else {
      let error = S4Error(
        .readInconsistent,
        "the connection has a credential of another host since the middle of this read: start a new one",
        target: "host")
      fail(error)
      throw error
    }
    return usable
  }
}

extension Cursor {
  /// The page at hand.
  package var page: PageBuffer? { state.withLock { $0.page } }

  package var receipt: Receipt {
    state.withLock { state in
      var costs = state.spent
      if let source = state.source { costs.add(source) }
      if let exchange = state.exchange { costs.add(exchange) }
      let elapsed = state.began.map { ((state.ended ?? Deadline.now) &- $0) / 1_000_000 } ?? 0
      state.ledger.account(
        costs.tally, mints: costs.minted, unused: costs.unused, elapsed: Int64(clamping: elapsed))
      return state.ledger.receipt
    }
  }
}

/// What a read has cost so far.
private struct Costs {
  var tally = Exchange.Tally()
  var minted: UInt64 = 0
  var unused: UInt64 = 0

  mutating func add(_ source: TokenSource) {
    let counts = source.counts
    minted += counts.minted
    unused += counts.unused
    tally.retries += counts.retries
  }

  mutating func add(_ exchange: Exchange) {
    let other = exchange.tally
    tally.requests += other.requests
    tally.retries += other.retries
    tally.bytesWire &+= other.bytesWire
    tally.bytes &+= other.bytes
  }
}
