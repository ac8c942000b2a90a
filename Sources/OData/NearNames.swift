// SPDX-License-Identifier: Apache-2.0

/// Finds the names that a person who misspelled one most likely meant.
enum NearNames {
  /// Longer names are not compared: no name of a service is so long, and the comparison's cost grows with the square.
  private static let maximumLength = 96

  /// Gives up to three candidates that differ from `name` in few letters, the nearest first.
  static func of(_ name: some StringProtocol, in candidates: some Sequence<String>) -> [String] {
    let wanted = Array(name.lowercased().utf8)
    guard 1...maximumLength ~= wanted.count else { return [] }
    let farthest = max(2, wanted.count / 3)
    var found: [(distance: Int, name: String)] = []
    for candidate in candidates {
      let letters = Array(candidate.lowercased().utf8)
      guard letters.count <= maximumLength, abs(letters.count &- wanted.count) <= farthest else { continue }
      let distance = editDistance(wanted, letters)
      if distance <= farthest { found.append((distance, candidate)) }
    }
    found.sort { ($0.distance, $0.name) < ($1.distance, $1.name) }
    return found.prefix(3).map(\.name)
  }

  /// Gives "; did you mean A, B or C?", or nothing where no candidate is near.
  static func hint(_ name: some StringProtocol, in candidates: some Sequence<String>) -> String {
    let near = of(name, in: candidates)
    guard let last = near.last else { return "" }
    let others = near.dropLast().joined(separator: ", ")
    return "; did you mean " + (others.isEmpty ? last : others + " or " + last) + "?"
  }

  /// Levenshtein's distance of two short names, row by row.
  private static func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var row = Array(0...right.count)
    for (index, leftByte) in left.enumerated() {
      var diagonal = index
      row[0] = index &+ 1
      for (column, rightByte) in right.enumerated() {
        let substituted = diagonal &+ (leftByte == rightByte ? 0 : 1)
        diagonal = row[column &+ 1]
        row[column &+ 1] = min(substituted, diagonal &+ 1, row[column] &+ 1)
      }
    }
    return row[right.count]
  }
}
