// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif

/// How values from outside stand in messages.
enum Display {
  /// Text in quotes, on one line, cut at 200 characters.
  static func quoted(_ text: String) -> String {
    var line = ""
    for scalar in text.unicodeScalars.prefix(200) {
      line.unicodeScalars.append(scalar.value < 0x20 || 0x7F..<0xA0 ~= scalar.value ? "?" : scalar)
    }
    return "\"" + line + (text.unicodeScalars.count > 200 ? "…" : "") + "\""
  }

  /// Permission bits as `chmod` writes them: "0644".
  static func mode(_ mode: mode_t) -> String {
    let digits = String(mode & 0o7777, radix: 8)
    return String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
  }

  /// What an error number of the system means, and what to do. Not `strerror`, which speaks the host's language.
  static func systemError(_ number: Int32) -> String {
    switch number {
    case ENOENT: "there is no such file or directory: give the right path, or make the directory"
    case ENOTDIR: "a part of the path is no directory: give the right path"
    case EACCES, EPERM: "this user may not: give the user of this process access, or another path"
    case EROFS: "the file system is mounted read-only: give a path that can be written"
    case ENOSPC, EDQUOT: "the file system is full: make room"
    case ELOOP: "it is a symbolic link: give the path of the file itself"
    case EISDIR: "it is a directory: give the path of a file"
    case EEXIST: "it exists: give another path, or move it away"
    case EMFILE, ENFILE: "too many files are open: raise the limit (ulimit -n)"
    case ENAMETOOLONG: "the path is too long: give a shorter one"
    default: "the system says error \(number): look it up in errno(3)"
    }
  }

  /// Lower-case hexadecimal digits. On the path of every reading: in place, and without a number's formatting.
  /// - Parameters:
  ///   - count: bytes to take, at most.
  ///   - prefix: what the text begins with: ASCII, not a single letter.
  static func hex(_ bytes: [UInt8], count: Int = .max, prefix: StaticString = "") -> String {
    let bytes = bytes.prefix(count)
    let start = prefix.utf8CodeUnitCount
    let length = start + 2 * bytes.count
    return String(unsafeUninitializedCapacity: length) { digits in
      for index in 0..<start { digits.initializeElement(at: index, to: prefix.utf8Start[index]) }
      var index = start
      for byte in bytes {
        digits.initializeElement(at: index, to: hexDigit(byte >> 4))
        digits.initializeElement(at: index + 1, to: hexDigit(byte & 0x0F))
        index += 2
      }
      return length
    }
  }

  private static func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") &+ value : UInt8(ascii: "a") &+ value &- 10
  }
}
