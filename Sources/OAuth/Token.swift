// SPDX-License-Identifier: Apache-2.0

import Basics
import HTTP
import Secrets

/// An access token, ready for the one request that it was minted for; wiped when it goes.
package struct Token: Sendable {
  /// The whole Authorization header line, ending with a NUL byte.
  package let authorization: SecretBytes
  /// As the endpoint spelled it: "bearer".
  package let type: String
  package let scope: String
  /// Seconds; nil where the endpoint did not say.
  package let expiresIn: Int64?
  private let expiry: Deadline

  /// Milliseconds before its end at which a token is no longer sent: a request takes time, and clocks differ.
  private static let margin: Int64 = 30_000
  /// Seconds of life of a token whose endpoint says nothing. Source: RFC 6749 section 5.1 leaves it open.
  private static let shortLife: Int64 = 60
  /// What is named beyond is not believed.
  private static let longestLife: Int64 = 86_400 * 365

  /// It has aged while it waited for its request.
  package var isStale: Bool { expiry.hasPassed }

  /// Reads the token endpoint's answer. The token itself never becomes a `String`.
  /// - Throws: `credentialExpired` where the endpoint rejects the credential, `unreachable`, `throttled`, `notOData`
  ///   for a web page, `malformedAnswer`.
  package static func read(_ response: HTTPResponse, origin: Origin) throws(S4Error) -> Token {
    guard response.isSuccess else { throw TokenFault.error(response, origin: origin) }
    do throws(JSONFault) {
      guard let token = try parse(response.body.bytes) else {
        throw JSONFault(offset: 0, reason: "no bearer token in it")
      }
      return token
    } catch {
      throw TokenFault.noToken(response, origin: origin, fault: error)
    }
  }

  private static func parse(_ bytes: UnsafeRawBufferPointer) throws(JSONFault) -> Token? {
    var reader = JSONReader(bytes)
    var range: Range<Int>?
    var type = ""
    var scope = ""
    var expiresIn: Int64?
    try reader.beginObject()
    while let key = try reader.nextKey() {
      if reader.isText(key, "access_token"), try reader.peek() == .string {
        let string = try reader.readString()
        guard !string.hasEscapes else { throw reader.fault("the token holds an escape") }
        range = string.range
      } else if reader.isText(key, "token_type"), try reader.peek() == .string {
        type = try Self.shortText(&reader)
      } else if reader.isText(key, "scope"), try reader.peek() == .string {
        scope = try Self.shortText(&reader)
      } else if reader.isText(key, "expires_in") {
        expiresIn = try Self.seconds(&reader)
      } else {
        try reader.skipValue()
      }
    }
    try reader.finish()
    guard let range, !range.isEmpty, type.isEmpty || type.lowercased() == "bearer" else { return nil }
    let token = UnsafeRawBufferPointer(rebasing: bytes[range])
    // b64token of RFC 6750 section 2.1: nothing that could end the header line.
    guard token.allSatisfy(Self.isTokenByte) else {
      throw JSONFault(offset: range.lowerBound, reason: "no bearer token")
    }
    var line = SecretBuilder()
    line.append("Authorization: Bearer ")
    line.append(token)
    line.append(0 as UInt8)
    return Token(authorization: line.finish(), type: type, scope: scope, expiresIn: expiresIn)
  }

  private init(authorization: SecretBytes, type: String, scope: String, expiresIn: Int64?) {
    self.authorization = authorization
    self.type = type
    self.scope = scope
    self.expiresIn = expiresIn
    expiry = Deadline(milliseconds: Self.use(expiresIn))
  }

  /// Milliseconds for which a token may be sent. One of a short life keeps half of it.
  static func use(_ expiresIn: Int64?) -> Int64 {
    let life = min(max(expiresIn ?? shortLife, 0), longestLife) * 1_000
    return max(life - margin, life / 2)
  }

  /// Number or string; a fraction is cut off. RFC 6749 section 5.1 says number; real endpoints send both.
  private static func seconds(_ reader: inout JSONReader) throws(JSONFault) -> Int64? {
    switch try reader.peek() {
    case .number:
      let range = try reader.readNumber()
      let digits = String(decoding: UnsafeRawBufferPointer(rebasing: reader.bytes[range]), as: UTF8.self)
      return whole(digits)
    case .string: return whole(try shortText(&reader))
    default:
      try reader.skipValue()
      return nil
    }
  }

  private static func whole(_ text: String) -> Int64? {
    Int64(text.prefix { $0 != "." }).flatMap { $0 >= 0 ? $0 : nil }
  }

  private static func shortText(_ reader: inout JSONReader) throws(JSONFault) -> String {
    String(reader.text(try reader.readString()).prefix(1_024))
  }

  private static func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
      UInt8(ascii: "~"), UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="):
      true
    default: false
    }
  }
}
