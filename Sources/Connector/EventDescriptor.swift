// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif
import Basics
import CLinux

/// A descriptor that is readable while something is there: what pollers of the product wait on.
struct EventDescriptor: ~Copyable, Sendable {
  let descriptor: Int32

  init() throws(S4Error) {
    descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    guard descriptor >= 0 else {
      throw S4Error(.hostUnfit, "the process has no descriptor left: raise its limit of open files")
    }
  }

  deinit {
    Glibc.close(descriptor)
  }

  borrowing func signal() {
    eventfd_write(descriptor, 1)
  }

  borrowing func reset() {
    var count: eventfd_t = 0
    eventfd_read(descriptor, &count)
  }

  /// - Parameter milliseconds: negative waits without end.
  /// - Returns: whether something is there.
  borrowing func wait(milliseconds: Int64) -> Bool {
    let deadline = milliseconds < 0 ? nil : Deadline(milliseconds: milliseconds)
    while true {
      var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      let slice = deadline.map { Int32(clamping: $0.remainingMilliseconds) } ?? -1
      let ready = poll(&entry, 1, slice)
      if ready > 0 { return true }
      // A signal of the host's interrupts poll; the time that is left is waited for all the same.
      if ready < 0, errno != EINTR { return false }
      if ready == 0, deadline?.hasPassed ?? false { return false }
    }
  }
}
