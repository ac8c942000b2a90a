// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif

/// An open file, closed when it ends. Never one on a vault's file: closing any descriptor of a file drops all POSIX
/// locks that this process holds on it, SQLite's included. Source: sqlite.org/howtocorrupt.html section 2.2.
struct FileDescriptor: ~Copyable {
  let number: Int32

  /// - Parameter flags: `O_CLOEXEC` and `O_NOFOLLOW` are added.
  /// - Returns: nil with `errno` set when the file does not open.
  init?(_ path: String, _ flags: Int32, mode: mode_t = 0) {
    var result: Int32
    repeat { result = open(path, flags | O_CLOEXEC | O_NOFOLLOW, mode) } while result < 0 && errno == EINTR
    guard result >= 0 else { return nil }
    number = result
  }

  deinit {
    close(number)
  }

  /// Reads until the buffer is full or the file ends.
  /// - Returns: bytes read, or nil with `errno` set.
  func read(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
    var filled = 0
    while filled < buffer.count, let base = buffer.baseAddress {
      let count = Glibc.read(number, base + filled, buffer.count - filled)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { return nil }
      if count == 0 { break }
      filled += count
    }
    return filled
  }

  /// Writes all of it.
  /// - Returns: false with `errno` set.
  func write(_ buffer: UnsafeRawBufferPointer) -> Bool {
    var done = 0
    while done < buffer.count, let base = buffer.baseAddress {
      let count = Glibc.write(number, base + done, buffer.count - done)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      done += count
    }
    return true
  }

  /// Makes a directory's new entries survive a crash of the machine.
  /// - Returns: false with `errno` set.
  static func synchronise(directory path: String) -> Bool {
    // A directory that is given as a symbolic link is fine: "/." is the directory itself.
    guard let directory = FileDescriptor(path + "/.", O_RDONLY | O_DIRECTORY) else { return false }
    return fsync(directory.number) == 0
  }

  /// The directory part of a path: "." where it has none.
  static func directory(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    let directory = path[..<slash]
    return directory.isEmpty ? "/" : String(directory)
  }
}
