// SPDX-License-Identifier: Apache-2.0

import Basics

/// Where a service stands on its host: "/sap/opu/odata/sap/API_SALES_ORDER_SRV", without a slash at its end.
package struct ServicePath: Hashable, Sendable {
  package let path: String

  private static let maximumLength = 1_024

  /// - Parameter text: a name ("API_SALES_ORDER_SRV", "API_OUTBOUND_DELIVERY_SRV;v=0002"), which stands below
  ///   "/sap/opu/odata/sap/", or a path that begins with "/".
  /// - Throws: `.invalidArgument` with target "service" for whatever could lead a request elsewhere.
  /// - Source: RFC 3986 section 3.3.
  package init(_ text: String) throws(S4Error) {
    guard !text.isEmpty, text != "/" else {
      throw Self.refusal("is empty; give a name such as API_SALES_ORDER_SRV, or a path")
    }
    guard text.utf8.count <= Self.maximumLength else {
      throw Self.refusal("is longer than \(Self.maximumLength) bytes; give the service's name or path alone")
    }
    let whole = text.hasPrefix("/") ? text : "/sap/opu/odata/sap/" + text
    let trimmed = whole.hasSuffix("/") ? whole.dropLast() : whole[...]
    // A name is one segment: "sap/API_X" is neither a name nor a path.
    guard text.hasPrefix("/") || !text.dropLast(text.hasSuffix("/") ? 1 : 0).contains("/") else {
      throw Self.refusal("\(MessageText.quoted(text)) is neither a name nor a path that begins with \"/\"")
    }
    for byte in trimmed.utf8 where !Self.isAllowed(byte) {
      throw Self.refusal(
        "\(MessageText.quoted(text)) has a character that no service path has; give letters, digits and _ - . ~ ; = , "
          + "alone, without query")
    }
    for segment in trimmed.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
      // Some servers read a segment without what follows its semicolon.
      let name = segment.prefix { $0 != ";" }
      guard !segment.isEmpty, name != ".", name != ".." else {
        throw Self.refusal("\(MessageText.quoted(text)) has an empty or dotted segment; give the path in full")
      }
    }
    path = String(trimmed)
  }

  /// The last segment without its version: "API_OUTBOUND_DELIVERY_SRV".
  package var name: String {
    String(path.split(separator: "/").last?.prefix { $0 != ";" } ?? "")
  }

  /// The service root, with the slash that relative next links and the service document need.
  package var root: String { path + "/" }

  package var metadataPath: String { path + "/$metadata" }

  /// Gives the path of an entity set: "/sap/opu/odata/sap/API_SALES_ORDER_SRV/A_SalesOrder".
  /// - Parameters:
  ///   - key: as `PreparedKey.render` gives it, or nothing for the whole set.
  ///   - navigation: a property of that document.
  package func path(ofEntitySet name: String, key: String = "", navigation: String? = nil) -> String {
    root + PercentEncoding.encode(name, for: .pathSegment) + key
      + (navigation.map { "/" + PercentEncoding.encode($0, for: .pathSegment) } ?? "")
  }

  private static func refusal(_ message: String) -> S4Error {
    .invalidArgument("service", message)
  }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."),
      UInt8(ascii: "~"), UInt8(ascii: ";"), UInt8(ascii: "="), UInt8(ascii: ","), UInt8(ascii: "/"):
      true
    default: false
    }
  }
}
