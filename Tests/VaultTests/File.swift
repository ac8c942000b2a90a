// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif

/// Files of tests: small, and in memory at once.
enum File {
  static func read(_ path: String) -> [UInt8] {
    guard let file = fopen(path, "rb") else { return [] }
    defer { fclose(file) }
    var content: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { content += buffer[..<count] }
    return content
  }

  static func write(_ content: [UInt8], to path: String, mode: mode_t = 0o600) {
    guard let file = fopen(path, "wb") else { return }
    fwrite(content, 1, content.count, file)
    fclose(file)
    chmod(path, mode)
  }

  static func mode(_ path: String) -> mode_t {
    var information = stat()
    return lstat(path, &information) == 0 ? information.st_mode & 0o7777 : 0
  }

  static func contains(_ pattern: [UInt8], _ path: String) -> Bool {
    let content = read(path)
    return memmemory(content, pattern)
  }

  private static func memmemory(_ content: [UInt8], _ pattern: [UInt8]) -> Bool {
    guard let first = pattern.first, content.count >= pattern.count else { return false }
    return content.indices.dropLast(pattern.count - 1).contains { start in
      content[start] == first && content[start..<(start + pattern.count)].elementsEqual(pattern)
    }
  }
}
