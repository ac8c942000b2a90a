// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets

#if canImport(Glibc)
  import Glibc
#endif

/// The file of a vault, judged before SQLite opens it.
struct VaultFile: Sendable {
  /// SQLite's unix VFS takes paths of up to 512 bytes, and adds "-journal".
  static let longestPath = 480

  /// Absolute; only the last part may not exist.
  let path: String
  let directory: String

  /// - Parameters:
  ///   - path: absolute or relative; its directory must exist. Links among the directories are followed, since
  ///     `/var/run` is one; the file itself must not be one.
  ///   - argument: what the path is called at the caller's.
  init(path: String, argument: String = "vault_path") throws(S4Error) {
    let name = path.lastIndex(of: "/").map { path[path.index(after: $0)...] } ?? path[...]
    guard !name.isEmpty, name != ".", name != "..", !path.utf8.contains(0) else {
      throw S4Error.invalidArgument(argument, "\(Display.quoted(path)) names no file: give the path of the vault")
    }
    let given = FileDescriptor.directory(of: path)
    guard let resolved = realpath(given, nil) else {
      throw S4Error(
        .vaultUnavailable,
        "the directory \(Display.quoted(given)) of the vault cannot be used: \(Display.systemError(errno))")
    }
    defer { free(resolved) }
    // A name in another encoding than UTF-8 is kept out rather than silently changed.
    guard let directory = String(validatingCString: resolved) else {
      throw S4Error.invalidArgument(argument, "the path of the vault is not UTF-8: give another")
    }
    self.directory = directory
    self.path = (directory == "/" ? "" : directory) + "/" + name
    guard self.path.utf8.count <= Self.longestPath else {
      throw S4Error.invalidArgument(
        argument, "the path of the vault has \(self.path.utf8.count) bytes: at most \(Self.longestPath) will do")
    }
  }

  /// Judges the file.
  /// - Parameter sharing: admits one that others may read, though not write.
  /// - Returns: whether it exists.
  /// - Throws: `.vaultUnavailable` for one that others may use, or that is no regular file, or empty.
  ///
  /// It is looked at with lstat and not opened: see `FileDescriptor` for what a close would do to SQLite's locks.
  func exists(sharing: Bool = false) throws(S4Error) -> Bool {
    var information = stat()
    guard lstat(path, &information) == 0 else {
      if errno == ENOENT { return false }
      throw unavailable(Display.systemError(errno))
    }
    switch information.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFLNK: throw unavailable("it is a symbolic link: give the path of the file itself")
    case S_IFDIR: throw unavailable("it is a directory: give the path of a file in it")
    default: throw unavailable("it is no regular file: give the path of one")
    }
    let mode = Display.mode(information.st_mode)
    guard !sharing || information.st_mode & 0o022 == 0 else {
      throw unavailable("its mode is \(mode), so that others may write it: chmod 600 it, or 644")
    }
    guard sharing || information.st_mode & 0o077 == 0 else {
      throw unavailable("its mode is \(mode), so that others may use it: chmod 600 it")
    }
    guard information.st_size > 0 else {
      throw unavailable("it is empty, so not a vault or one that was cut off: restore it from a copy, or remove it")
    }
    return true
  }

  /// - Throws: `.vaultUnavailable` where this process cannot write the file, or make files beside it.
  func checkWritable() throws(S4Error) {
    for place in [path, directory] where faccessat(AT_FDCWD, place, R_OK | W_OK, AT_EACCESS) != 0 {
      let number = errno
      if number == ENOENT { continue }
      throw unavailable(
        "\(Display.quoted(place)) cannot be written (\(Display.systemError(number))); a vault that is only to be read "
          + "is opened with ASKEL_S4_VAULT_READ_ONLY")
    }
  }

  /// Makes the file in one step: it appears whole, or not at all, also when the machine stops in between, and never in
  /// place of one that is there.
  /// - Parameter build: fills an empty file of mode 0600 at the path that it is given, and closes it.
  /// - Returns: false where another process was faster.
  func create(_ build: (String) throws(S4Error) -> Void) throws(S4Error) -> Bool {
    let draft = path + ".new-" + Display.hex(try Random.bytes(4))
    defer { for suffix in ["", "-journal", "-wal", "-shm"] { unlink(draft + suffix) } }
    do {
      guard let file = FileDescriptor(draft, O_RDWR | O_CREAT | O_EXCL, mode: 0o600), fchmod(file.number, 0o600) == 0
      else { throw unavailable(Display.systemError(errno)) }
    }
    try build(draft)
    // What were still in the log would be lost with the draft's name.
    var information = stat()
    guard lstat(draft + "-wal", &information) != 0 else {
      throw unavailable("a new vault could not be written whole: make room on the file system")
    }
    guard link(draft, path) == 0 else {
      if errno == EEXIST { return false }
      throw unavailable(Display.systemError(errno))
    }
    guard FileDescriptor.synchronise(directory: directory) else { throw unavailable(Display.systemError(errno)) }
    return true
  }

  func unavailable(_ reason: String, isRetryable: Bool = false) -> S4Error {
    S4Error(
      .vaultUnavailable, "the vault \(Display.quoted(path)) cannot be used: \(reason)", isRetryable: isRetryable)
  }

  /// It was there when it was opened first, and is made once only: a new one would have none of the connections.
  var gone: S4Error {
    unavailable(
      "the file was deleted or moved away while it was in use; put it back, or a copy of it, and try again",
      isRetryable: true)
  }
}
