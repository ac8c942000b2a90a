// SPDX-License-Identifier: Apache-2.0

import Basics

/// A name and a value that a tenant's token endpoint wants beside what OAuth asks for: "resource", "audience". No secret:
/// it is shown with the connection.
package struct TokenParameter: Equatable, Sendable {
  package let name: String
  package let value: String

  package init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }

  package static let most = 16
  static let longestName = 64
  static let longestValue = 1_024
  /// Bytes of all names and values: they are kept with what is shown of the connection.
  static let mostBytes = 4_096

  /// What the library sends itself, and what carries a secret: that has members that are sealed and never shown.
  private static let reserved = [
    "grant_type", "client_id", "client_secret", "scope", "client_assertion", "client_assertion_type", "assertion",
    "username", "password", "refresh_token", "code",
  ]

  /// - Throws: `invalidArgument` that names what is wrong.
  package static func check(_ list: [TokenParameter]) throws(S4Error) {
    var bytes = 0
    for each in list {
      guard 1...longestName ~= each.name.utf8.count, each.value.utf8.count <= longestValue else {
        throw refusal("has a name of 1 to \(longestName) bytes and a value of at most \(longestValue)")
      }
      for text in [each.name, each.value] where !text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) {
        throw refusal("holds a control character: was a line break pasted with it?")
      }
      guard !reserved.contains(each.name.lowercased()) else {
        throw refusal("names \(each.name), which has a member of its own or is a secret: leave it out")
      }
      bytes += each.name.utf8.count + each.value.utf8.count
    }
    guard list.count <= most, bytes <= mostBytes else {
      throw refusal("are \(list.count) of \(bytes) bytes; \(most) of \(mostBytes) bytes together is the most")
    }
  }

  private static func refusal(_ message: String) -> S4Error { .invalidArgument("token_params", message) }
}
