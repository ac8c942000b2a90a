// SPDX-License-Identifier: Apache-2.0

import Basics

/// Tells a web page (a login page, a gateway's error page) from an answer of OData.
enum WebPage {
  static let advice =
    "check the host (an API host has \"-api\" in its name, as in my300000-api.s4hana.cloud.sap) and that no login page "
    + "stands in between"

  static func isOne(contentType: String, body: UnsafeRawBufferPointer) -> Bool {
    let type = contentType.lowercased()
    if type.hasPrefix("text/html") || type.hasPrefix("application/xhtml") { return true }
    guard let start = start(of: body) else { return false }
    let begin = String(decoding: body[start...].prefix(16), as: UTF8.self).lowercased()
    return begin.hasPrefix("<!doctype html") || begin.hasPrefix("<html")
  }

  /// Gives the first byte that is no white space; nil where there is none.
  static func firstByte(of body: UnsafeRawBufferPointer) -> UInt8? {
    start(of: body).map { body[$0] }
  }

  /// A byte order mark counts as white space.
  private static func start(of body: UnsafeRawBufferPointer) -> Int? {
    body.firstIndex { byte in
      switch byte {
      case 0x20, 0x0A, 0x0D, 0x09, 0xEF, 0xBB, 0xBF: false
      default: true
      }
    }
  }
}
