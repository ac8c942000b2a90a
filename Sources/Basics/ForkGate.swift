// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif
import Synchronization

/// Keeps a `fork()` from happening while a thread is inside this library.
///
/// A lock that another thread holds at a fork is held for ever in the child: not only ours, but also SQLite's, and the
/// Swift runtime's (the child hung in the runtime's table of generic types, seen with Swift 6.3.1). So every entry from
/// outside and the I/O thread's work pass this gate, shared; the fork takes it alone, and waits, bounded, for those
/// inside to leave. Nobody waits for the network inside.
package enum ForkGate {
  /// What is to be done while nobody is inside, before the process is doubled.
  package typealias Hook = @Sendable () -> Void

  /// Runs what must not be doubled half-way.
  package static func within<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    enter()
    defer { leave() }
    return try body()
  }

  /// May be called again by a thread that is inside: a second lock would wait for a fork that waits for the first.
  package static func enter() {
    _ = isRegistered
    let before = depth
    if before == 0 { pthread_rwlock_rdlock(lock) }
    depth = before &+ 1
  }

  package static func leave() {
    let before = depth
    if before > 0 { depth = before &- 1 }
    if before <= 1 { pthread_rwlock_unlock(lock) }
  }

  /// Runs what may take its time, callbacks of the product's above all, outside of the gate, wherever this thread is. A
  /// callback that forks would otherwise wait for itself, and a slow one would hold up every fork of the process.
  ///
  /// Only where the thread holds no lock of ours: nothing keeps a fork away from it here. And what comes back may be a
  /// child of the thread that went: ask a `ForkGuard` that was made before.
  package static func outside<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let inside = depth
    guard inside > 0 else { return try body() }
    depth = 0
    pthread_rwlock_unlock(lock)
    defer {
      pthread_rwlock_rdlock(lock)
      depth = inside
    }
    return try body()
  }

  /// Adds a hook that runs before each fork, with nobody inside.
  package static func beforeFork(_ hook: @escaping Hook) {
    _ = isRegistered
    hooks.withLock { $0.append(hook) }
  }

  /// Milliseconds that a fork waits for those inside; a write to a full or busy disk must not hold it for ever.
  private static let patience = 5_000

  // `nonisolated(unsafe)`: set once, and a pthread lock afterwards.
  private nonisolated(unsafe) static let lock: UnsafeMutablePointer<pthread_rwlock_t> = {
    let lock = UnsafeMutablePointer<pthread_rwlock_t>.allocate(capacity: 1)
    initialise(lock)
    return lock
  }()

  /// How many times this thread is inside. Always 0 where the system has no room for it: threads then pass the lock with
  /// each `enter`, and `outside` stays inside.
  private static var depth: Int {
    get { depthKey.map { Int(bitPattern: pthread_getspecific($0)) } ?? 0 }
    set { if let depthKey { pthread_setspecific(depthKey, UnsafeRawPointer(bitPattern: newValue)) } }
  }

  private static let depthKey: pthread_key_t? = {
    var key = pthread_key_t()
    return pthread_key_create(&key, nil) == 0 ? key : nil
  }()

  /// The thread that has the gate alone, between the handlers; only that thread reads its own id here.
  // Atomic, not `Locked`: a fork that gave up reads it while another one doubles the process.
  private static let forking = Atomic<pthread_t>(0)
  private static let hooks = Locked<[Hook]>([])

  private static let isRegistered: Bool = {
    _ = lock
    _ = forking.load(ordering: .relaxed)
    _ = depthKey
    _ = hooks
    return pthread_atfork({ ForkGate.close() }, { ForkGate.open(inChild: false) }, { ForkGate.open(inChild: true) })
      == 0
  }()

  private static func initialise(_ lock: UnsafeMutablePointer<pthread_rwlock_t>) {
    var attributes = pthread_rwlockattr_t()
    pthread_rwlockattr_init(&attributes)
    // A fork is not to starve behind a stream of calls.
    pthread_rwlockattr_setkind_np(&attributes, Int32(PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP))
    pthread_rwlock_init(lock, &attributes)
    pthread_rwlockattr_destroy(&attributes)
  }

  private static func close() {
    var until = timespec()
    clock_gettime(CLOCK_REALTIME, &until)
    until.tv_sec += patience / 1_000
    guard pthread_rwlock_timedwrlock(lock, &until) == 0 else { return }
    forking.store(pthread_self(), ordering: .relaxed)
    for hook in hooks.withLock({ $0 }) { hook() }
  }

  private static func open(inChild: Bool) {
    if inChild {
      // Its copy remembers threads that are gone: those inside after a `close` that gave up, others that wait to fork,
      // and the owner. It is made anew.
      forking.store(0, ordering: .relaxed)
      initialise(lock)
      // It forked from inside, after a `close` that gave up: it leaves the new one as it would have left the old one.
      if depth > 0 { pthread_rwlock_rdlock(lock) }
      return
    }
    // Not after a `close` that gave up.
    guard forking.load(ordering: .relaxed) == pthread_self() else { return }
    forking.store(0, ordering: .relaxed)
    pthread_rwlock_unlock(lock)
  }
}
