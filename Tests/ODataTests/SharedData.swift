// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Reference data that is no part of the project: `shared/data` beside the repository, or beside its parent.
enum SharedData {
  static let root: String? = {
    let parts = #filePath.split(separator: "/").dropLast(3)
    for levels in 1...2 {
      let path = "/" + (parts.dropLast(levels) + ["shared", "data"]).joined(separator: "/")
      if access(path, R_OK) == 0 { return path }
    }
    return nil
  }()

  static let absence = "shared/data is not beside this repository: the tests over real documents are skipped"

  /// Gives the paths of a folder's files, in order.
  static func files(_ folder: String) -> [String] {
    guard let root, let directory = opendir(root + "/" + folder) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if !name.hasPrefix(".") { names.append(root + "/" + folder + "/" + name) }
    }
    return names.sorted()
  }

  static func read(_ path: String) -> [UInt8] {
    guard let file = fopen(path, "rb") else { return [] }
    defer { fclose(file) }
    var contents: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = fread(&piece, 1, piece.count, file)
      if count == 0 { return contents }
      contents += piece[..<count]
    }
  }
}
