// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif
import Basics
import CCurl

/// The HTTP engine of an instance: one I/O thread over one libcurl multi handle, whatever the number of clients.
///
/// The thread starts with the first request and ends in `close`, which joins it. Every submitted request is completed
/// exactly once, on that thread.
package final class Engine: Sendable {
  /// Names a request that was submitted, for `cancel`.
  package struct Ticket: Hashable, Sendable {
    let id: UInt64
  }

  /// Is told what became of a request, and after how many nanoseconds; on the I/O thread, before the completion.
  package typealias Observer = @Sendable (HTTPRequest, Result<HTTPResponse, S4Error>, UInt64) -> Void

  private let loop: EngineLoop
  private let observer: Observer?

  /// - Throws: `hostUnfit`.
  package init(observer: Observer? = nil) throws(S4Error) {
    _ = try CurlRuntime.start()
    loop = try EngineLoop()
    self.observer = observer
  }

  deinit {
    close()
  }

  /// Sends a request. From any thread; returns at once.
  /// - Parameter completion: runs once, on the I/O thread: it neither blocks nor decodes.
  @discardableResult
  package func submit(
    _ request: HTTPRequest, completion: @escaping @Sendable (Result<HTTPResponse, S4Error>) -> Void
  ) -> Ticket {
    guard !loop.guardian.isForked else {
      completion(.failure(.forked))
      return Ticket(id: 0)
    }
    let began = Deadline.now
    let ticket = loop.submit(request) { [observer] result in
      observer?(request, result, Deadline.now &- began)
      completion(result)
    }
    return Ticket(id: ticket)
  }

  /// Lets some time pass without holding up anything. From any thread; returns at once.
  /// - Parameters:
  ///   - moment: when it is over.
  ///   - completion: runs once, on the I/O thread, with `cancelled` or `closed` where it ended early.
  @discardableResult
  package func pause(
    until moment: Deadline, completion: @escaping @Sendable (Result<Void, S4Error>) -> Void
  ) -> Ticket {
    guard !loop.guardian.isForked else {
      completion(.failure(.forked))
      return Ticket(id: 0)
    }
    return Ticket(id: loop.pause(until: moment, completion))
  }

  /// Ends a request or a pause with `cancelled`, unless it is done. From any thread; returns at once.
  package func cancel(_ ticket: Ticket) {
    guard !loop.guardian.isForked else { return }
    loop.cancel(ticket.id)
  }

  /// Ends what runs with `closed` and joins the thread. Not from a completion. Idempotent.
  package func close() {
    guard !loop.guardian.isForked else { return }
    loop.close()
  }

  /// Requests completed since the engine was made, token requests included.
  package var requestCount: UInt64 { loop.requestCount.load(ordering: .relaxed) }
}
