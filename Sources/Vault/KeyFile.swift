// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets

#if canImport(Glibc)
  import Glibc
#endif

/// The file that a key-encryption key is read from and written to.
package enum KeyFile {
  /// Reads and judges. All that is asked about the file is asked of its open descriptor, so that nobody can change it
  /// for another in between.
  /// - Parameter allowsShared: admits a file that others may read, or that is a symbolic link, as containers have their
  ///   secrets mounted. One that others may write is refused all the same.
  static func read(_ path: String, allowsShared: Bool = false) throws(S4Error) -> SecretBytes {
    guard !path.isEmpty, !path.utf8.contains(0) else {
      throw S4Error(.vaultKeyRefused, "the path of the key file is empty or has a NUL byte: give the path of the file")
    }
    // O_NONBLOCK: a named pipe would wait for its writer.
    let flags = O_RDONLY | O_NONBLOCK | O_NOCTTY
    guard let file = allowsShared ? FileDescriptor(following: path, flags) : FileDescriptor(path, flags) else {
      guard errno == ELOOP else { throw refused(path, Display.systemError(errno)) }
      throw refused(
        path,
        allowsShared
          ? "its symbolic links lead back to themselves: give the path of the file"
          : "it is a symbolic link: give the path of the file itself" + sharedHint)
    }
    var information = stat()
    guard fstat(file.number, &information) == 0 else { throw refused(path, Display.systemError(errno)) }
    guard information.st_mode & S_IFMT == S_IFREG else { throw refused(path, "it is no regular file: give one") }
    let user = geteuid()
    guard information.st_uid == user || information.st_uid == 0 else {
      throw refused(path, "it belongs to user \(information.st_uid): chown it to user \(user), which this process is")
    }
    let mode = Display.mode(information.st_mode)
    guard information.st_mode & 0o022 == 0 else {
      throw refused(path, "its mode is \(mode), so that others may change it: chmod 600 it")
    }
    guard allowsShared || information.st_mode & 0o077 == 0 else {
      throw refused(path, "its mode is \(mode), so that others may use it: chmod 600 it" + sharedHint)
    }

    // One byte more than the longest form, so that a longer file shows.
    var count = 0
    let content = try SecretBytes(count: 66) { (buffer) throws(S4Error) in
      guard let read = file.read(into: buffer) else { throw refused(path, Display.systemError(errno)) }
      count = read
    }
    return try content.withUnsafeBytes { (bytes) throws(S4Error) in
      if count == AEAD.keyCount { return SecretBytes(copying: UnsafeRawBufferPointer(rebasing: bytes[..<count])) }
      let endsWithNewline = count == 65 && bytes[64] == UInt8(ascii: "\n")
      guard count == 64 || endsWithNewline else {
        let size = count > 65 ? "more than 65" : String(count)
        throw refused(path, "it holds \(size) bytes: 32 raw bytes or 64 hexadecimal digits are wanted")
      }
      return try SecretBytes(count: AEAD.keyCount) { (key) throws(S4Error) in
        for index in 0..<AEAD.keyCount {
          guard let high = hexValue(bytes[2 * index]), let low = hexValue(bytes[2 * index + 1]) else {
            throw refused(path, "its 64 bytes are not all hexadecimal digits: give such, or 32 raw bytes")
          }
          key[index] = high << 4 | low
        }
      }
    }
  }

  /// Makes a new file with 32 random bytes.
  package static func create(_ path: String) throws(S4Error) {
    guard !path.isEmpty, !path.utf8.contains(0) else {
      throw S4Error.invalidArgument("path", "it is empty or has a NUL byte: give the path of the file to make")
    }
    let key = try Random.key()
    guard let file = FileDescriptor(path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600) else {
      throw unavailable(path, errno)
    }
    // The process's umask may have taken bits away.
    guard fchmod(file.number, 0o600) == 0, key.withUnsafeBytes({ file.write($0) }), fsync(file.number) == 0,
      FileDescriptor.synchronise(directory: FileDescriptor.directory(of: path))
    else {
      let number = errno
      unlink(path)
      throw unavailable(path, number)
    }
  }

  private static let sharedHint = ", or set allow_shared_file where it is a read-only secret volume of a container"

  private static func hexValue(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit &- UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit &- UInt8(ascii: "a") &+ 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit &- UInt8(ascii: "A") &+ 10
    default: nil
    }
  }

  private static func refused(_ path: String, _ reason: String) -> S4Error {
    S4Error(.vaultKeyRefused, "the key file \(Display.quoted(path)) was not taken: \(reason)")
  }

  private static func unavailable(_ path: String, _ number: Int32) -> S4Error {
    guard number != EEXIST else {
      return S4Error(
        .vaultUnavailable,
        "\(Display.quoted(path)) is there already and was left alone: open the instance with it (a new key opens no "
          + "vault that was made with the old one)")
    }
    return S4Error(.vaultUnavailable, "no key file was made at \(Display.quoted(path)): \(Display.systemError(number))")
  }
}

extension FileDescriptor {
  /// Opens a file that may be a symbolic link.
  /// - Parameter flags: `O_CLOEXEC` is added.
  /// - Returns: nil with `errno` set when the file does not open.
  fileprivate init?(following path: String, _ flags: Int32) {
    var result: Int32
    repeat { result = open(path, flags | O_CLOEXEC) } while result < 0 && errno == EINTR
    guard result >= 0 else { return nil }
    number = result
  }
}
