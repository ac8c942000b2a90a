// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif
import Basics
import CCurl
import Synchronization

/// The engine's thread and its mailbox.
///
/// `@unchecked Sendable`: `multi` is set once at the start and belongs to the I/O thread from then on (but for
/// `curl_multi_wakeup`, which libcurl allows from any thread); the rest is behind `mailbox`.
final class EngineLoop: @unchecked Sendable {
  private struct Mailbox {
    var submitted: [Transfer] = []
    var paused: [Pause] = []
    var cancelled: [UInt64] = []
    var nextID: UInt64 = 1
    var thread: pthread_t?
    var isClosing = false
    /// The thread has left its loop and touches nothing any more.
    var isParked = false
  }

  /// Connections that wait for their next request, of all clients together: about 100 KiB each. The oldest go first.
  private static let mostConnections = 128

  let requestCount = Atomic<UInt64>(0)
  let guardian = ForkGuard()
  private let mailbox = Locked(Mailbox())
  private let multi: UnsafeMutableRawPointer
  private var running: [UInt64: Transfer] = [:]
  private var pauses: [UInt64: Pause] = [:]
  private var turnstile = Turnstile()
  private var lookups = Lookups()

  init() throws(S4Error) {
    guard let multi = curl_multi_init() else {
      throw S4Error(.hostUnfit, "the process is short of memory or descriptors: no HTTP engine can be made")
    }
    self.multi = multi
    askel_curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, Self.mostConnections)
  }

  deinit {
    curl_multi_cleanup(multi)
  }

  func submit(_ request: HTTPRequest, _ completion: @escaping Transfer.Completion) -> UInt64 {
    post({ $0.submitted.append(Transfer(id: $1, request: request, completion: completion)) }) {
      completion(.failure($0))
    }
  }

  func pause(until moment: Deadline, _ completion: @escaping Pause.Completion) -> UInt64 {
    post({ $0.paused.append(Pause(id: $1, moment: moment, completion: completion)) }) { completion(.failure($0)) }
  }

  /// Puts something into the mailbox, under a new id, and starts the thread with the first.
  private func post(_ put: (inout Mailbox, UInt64) -> Void, refused: (S4Error) -> Void) -> UInt64 {
    let (id, refusal) = mailbox.withLock { box -> (UInt64, S4Error?) in
      guard !box.isClosing else { return (0, S4Error.closed) }
      if box.thread == nil {
        guard let thread = start() else {
          return (0, S4Error(.hostUnfit, "the process can start no thread: raise its limit of threads"))
        }
        box.thread = thread
      }
      let id = box.nextID
      box.nextID &+= 1
      put(&box, id)
      return (id, nil)
    }
    if let refusal { refused(refusal) } else { curl_multi_wakeup(multi) }
    return id
  }

  func cancel(_ id: UInt64) {
    mailbox.withLock { $0.cancelled.append(id) }
    curl_multi_wakeup(multi)
  }

  func close() {
    let thread = mailbox.withLock { box -> pthread_t? in
      box.isClosing = true
      defer { box.thread = nil }
      return box.thread
    }
    guard let thread else { return }
    curl_multi_wakeup(multi)
    // A thread cannot join itself; it would be the last to hold the engine only if nobody had closed it.
    if pthread_equal(thread, pthread_self()) != 0 { pthread_detach(thread) } else { pthread_join(thread, nil) }
    ExitWatch.shared.remove(self)
    Resolver.shared.remove(self)
  }

  private func start() -> pthread_t? {
    ExitWatch.shared.add(self)
    // The thread holds the loop alive until it has ended.
    let me = Unmanaged.passRetained(self)
    let thread = QuietThread.start(me.toOpaque()) { pointer in
      if let pointer { Unmanaged<EngineLoop>.fromOpaque(pointer).takeRetainedValue().run() }
      return nil
    }
    if thread == nil {
      me.release()
      ExitWatch.shared.remove(self)
    }
    return thread
  }

  private func run() {
    // A fork waits for the work between two polls, and never for a poll.
    while ForkGate.within({ work() }) {
      let pause = pauses.values.map(\.moment).min()?.remainingMilliseconds ?? 60_000
      let patience = min(turnstile.patience ?? 60_000, lookups.patience ?? 60_000)
      curl_multi_poll(multi, nil, 0, Int32(clamping: min(patience, pause, 60_000)), nil)
    }
    mailbox.withLock { $0.isParked = true }
  }

  /// Does what is to be done now. - Returns: false where the loop ends.
  private func work() -> Bool {
    let (fresh, paused, cancelled, isClosing) = mailbox.withLock { box -> ([Transfer], [Pause], [UInt64], Bool) in
      defer { (box.submitted, box.paused, box.cancelled) = ([], [], []) }
      // The process exits: who waits for a call, an exit handler perhaps, must not wait for ever.
      if ExitWatch.shared.isExiting { box.isClosing = true }
      return (box.submitted, box.paused, box.cancelled, box.isClosing)
    }
    for pause in paused { pauses[pause.id] = pause }
    for transfer in fresh { begin(transfer) }
    for id in cancelled { end(id, .cancelled) }
    if isClosing {
      for pause in pauses.values { pause.completion(.failure(.closed)) }
      pauses = [:]
      var error = S4Error.closed
      error.outcome = .notSent
      for transfer in turnstile.takeWaiting() + lookups.takeAll() { transfer.stop(error) }
      for id in Array(running.keys) { end(id, .closed) }
      return false
    }
    for pause in pauses.values where pause.moment.hasPassed {
      pauses[pause.id] = nil
      pause.completion(.success(()))
    }
    for (transfer, end) in lookups.takeDone(for: self) {
      if case .refused(let error) = end { transfer.stop(error) } else { begin(transfer) }
    }
    var active: Int32 = 0
    repeat {
      curl_multi_perform(multi, &active)
      collect()
    } while beginWaiting()
    return true
  }

  /// Lets on those whose turn has come, and ends those whose time is up. - Returns: whether one went on its way.
  private func beginWaiting() -> Bool {
    let before = running.count
    for transfer in turnstile.takeWaiting() {
      if transfer.request.deadline.hasPassed {
        transfer.stop(transfer.timedOut("it waited for the credential to be proven"))
      } else {
        begin(transfer)
      }
    }
    return running.count > before
  }

  private func begin(_ transfer: Transfer) {
    switch lookups.admit(transfer, for: self) {
    case .go: break
    case .wait: return
    case .refused(let error):
      transfer.stop(error)
      return
    }
    switch turnstile.admit(transfer) {
    case .go: break
    case .wait: return
    case .refused(let error):
      transfer.stop(error)
      return
    }
    do throws(S4Error) {
      let easy = try transfer.prepare()
      guard curl_multi_add_handle(multi, easy) == CURLM_OK else {
        throw S4Error(.hostUnfit, "the process is short of memory: nothing was sent")
      }
      running[transfer.id] = transfer
    } catch {
      turnstile.leave(transfer)
      transfer.stop(error)
    }
  }

  private func end(_ id: UInt64, _ error: S4Error) {
    if let pause = pauses.removeValue(forKey: id) {
      pause.completion(.failure(error))
      return
    }
    var error = error
    if let transfer = turnstile.remove(id) ?? lookups.remove(id) {
      error.outcome = .notSent
      transfer.stop(error)
      return
    }
    guard let transfer = running.removeValue(forKey: id), let handle = transfer.handle else { return }
    curl_multi_remove_handle(multi, handle)
    turnstile.leave(transfer)
    error.outcome = transfer.wasSent ? .unknown : .notSent
    transfer.stop(error)
  }

  private func collect() {
    var left: Int32 = 0
    while let message = curl_multi_info_read(multi, &left)?.pointee {
      guard message.msg == CURLMSG_DONE, let easy = message.easy_handle else { continue }
      var pointer: UnsafeMutablePointer<CChar>?
      askel_curl_get_text(easy, CURLINFO_PRIVATE, &pointer)
      let code = message.data.result
      curl_multi_remove_handle(multi, easy)
      guard let pointer else { continue }
      let transfer = Unmanaged<Transfer>.fromOpaque(pointer).takeUnretainedValue()
      requestCount.add(1, ordering: .relaxed)
      // Out of the table first: the completion may be the last to know it.
      let held = running.removeValue(forKey: transfer.id)
      turnstile.leave(transfer)
      transfer.finish(code)
      withExtendedLifetime(held) {}
    }
  }
}

extension EngineLoop {
  /// For the process's exit: asks the thread to leave, and tells whether it has.
  func wake() { curl_multi_wakeup(multi) }
  var hasParked: Bool {
    // A thread that `close` waits for is not done yet.
    mailbox.withLock { $0.isParked || ($0.thread == nil && !$0.isClosing) }
  }
}
