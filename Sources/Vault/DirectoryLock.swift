// SPDX-License-Identifier: Apache-2.0

import Basics

#if canImport(Glibc)
  import Glibc
#endif

/// Keeps the other processes of ours out of one step in a directory, until it ends. On the directory itself: it leaves
/// nothing behind, and no lock of SQLite's is on it.
final class DirectoryLock {
  private let descriptor: FileDescriptor

  /// - Returns: nil where it was not to be had within `Patience.usual`.
  init?(_ path: String) {
    guard let descriptor = FileDescriptor(path + "/.", O_RDONLY | O_DIRECTORY) else { return nil }
    let number = descriptor.number
    self.descriptor = descriptor
    var patience = Patience()
    var tries: Int32 = 0
    while flock(number, LOCK_EX | LOCK_NB) != 0 {
      guard errno == EWOULDBLOCK || errno == EINTR, patience.wait(tries: tries) else { return nil }
      tries += 1
    }
  }
}
