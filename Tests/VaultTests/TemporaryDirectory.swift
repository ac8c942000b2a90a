// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif

/// A directory of its own for one test, removed with all that is in it when the test ends.
final class TemporaryDirectory: Sendable {
  let path: String

  init() {
    var template = Array("/tmp/askel-s4-vault-XXXXXX".utf8CString)
    path = mkdtemp(&template).map { String(cString: $0) } ?? "/nonexistent"
  }

  deinit {
    for name in names() where unlink(path + "/" + name) != 0 { rmdir(path + "/" + name) }
    rmdir(path)
  }

  /// Path of the vault in it.
  var vault: String { path + "/vault.db" }

  func names() -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }
}

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
