// SPDX-License-Identifier: Apache-2.0

import Basics
import HTTP

/// One operation in progress against a tenant. Its result is made on the I/O thread and decoded by whoever takes it.
package final class Call: Sendable {
  /// What an operation leaves behind for the thread that takes it.
  package enum Result: Sendable {
    case text(String)
    case page(PageAnswer)
    case noMorePages
    case document(DocumentAnswer)
  }

  /// Whose call it is: what its result may be taken as.
  package enum Purpose: Sendable {
    case check
    case page(Cursor)
    case document
  }

  private struct State {
    var result: Swift.Result<Result, S4Error>?
    var isTaken = false
    var isCancelled = false
  }

  package let purpose: Purpose
  package let guardian = ForkGuard()
  let flight: Flight
  /// What is to be written down when the result is taken: on the product's thread.
  package typealias Epilogue = @Sendable (Swift.Result<Result, S4Error>) throws(S4Error) -> Void

  private let epilogue: Epilogue?
  private let done: EventDescriptor
  private let state = Locked(State())

  init(_ purpose: Purpose, engine: Engine, epilogue: Epilogue? = nil) throws(S4Error) {
    self.purpose = purpose
    self.epilogue = epilogue
    done = try EventDescriptor()
    flight = Flight(engine: engine)
  }

  /// Readable from the moment the call is done.
  package var descriptor: Int32 { done.descriptor }

  package var isDone: Bool { state.withLock { $0.result != nil } }

  /// - Returns: whether the call is done.
  package func wait(milliseconds: Int64) -> Bool {
    done.wait(milliseconds: milliseconds)
  }

  package func cancel() {
    flight.cancel()
  }

  /// The product has let go of the call: what still runs ends, and its cursor is free for the next.
  package func abandon() {
    cancel()
    state.withLock { $0.isTaken = true }
  }

  /// Takes the result; once.
  package func take() throws(S4Error) -> Result {
    let result: Swift.Result<Result, S4Error>? = state.withLock { state in
      guard !state.isTaken, let result = state.result else { return nil }
      state.isTaken = true
      return result
    }
    if let result {
      let written = Swift.Result { () throws(S4Error) in try epilogue?(result) }
      let taken = try result.get()
      do throws(S4Error) {
        try written.get()
      } catch {
        // What cannot be written down has not happened yet: the result can be taken again.
        state.withLock { $0.isTaken = false }
        throw error
      }
      return taken
    }
    guard isDone else {
      throw S4Error(.pending, "the call is still running: wait for it, then take its result")
    }
    throw .invalidArgument("call", "its result was taken before")
  }

  package var isTaken: Bool { state.withLock { $0.isTaken } }

  /// Ends the call; the first end counts.
  func finish(_ result: Swift.Result<Result, S4Error>) {
    state.withLock { state in
      guard state.result == nil else { return }
      state.result = result
      done.signal()
    }
  }
}
