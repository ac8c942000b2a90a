// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif

/// A thread of ours in the host's process: all signals are blocked in it, they are the host's.
enum QuietThread {
  /// - Parameter body: gets the pointer.
  /// - Returns: nil where the process can start none.
  static func start(
    _ pointer: UnsafeMutableRawPointer, _ body: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer?
  ) -> pthread_t? {
    var everything = sigset_t()
    var before = sigset_t()
    sigfillset(&everything)
    pthread_sigmask(SIG_SETMASK, &everything, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    var thread = pthread_t()
    return pthread_create(&thread, nil, body, pointer) == 0 ? thread : nil
  }
}
