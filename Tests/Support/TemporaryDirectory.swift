// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif

/// A directory of its own for one test, removed with all that is in it when the test ends.
package final class TemporaryDirectory: Sendable {
  package let path: String

  package init() {
    var template = Array((P_tmpdir + "/askel-s4-test-XXXXXX").utf8CString)
    path = mkdtemp(&template).map { String(cString: $0) } ?? "/nonexistent"
  }

  deinit {
    for name in names() where unlink(path + "/" + name) != 0 { rmdir(path + "/" + name) }
    rmdir(path)
  }

  /// Path of the vault in it.
  package var vault: String { path + "/vault.db" }

  package func names() -> [String] {
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
