// SPDX-License-Identifier: Apache-2.0

import Basics
import HTTP
import OData

/// A request of the product's own making: whatever stands on the tenant's host.
package struct RawRequest: Sendable {
  package var method: HTTPRequest.Method
  /// Path and query, percent-encoded, beginning with "/".
  package var target: String
  package var headers: [String]
  package var payload: Body?
  /// Whose CSRF session it carries; nil: none.
  package var service: ServicePath?
  /// Sent twice it does what it does once.
  package var isRepeatable: Bool
  /// Milliseconds; 0: the client's.
  package var timeout: Int64
  package var trace: TraceParent?

  private static let longestTarget = 32 << 10
  private static let mostHeaders = 64
  private static let longestHeader = 16 << 10
  private static let dotted = [".", "..", "%2e", "%2e%2e", ".%2e", "%2e."]
  /// What the library says itself, and what would say where a request ends or who sends it.
  private static let ownHeaders: Set<String> = [
    "accept-encoding", "authorization", "connection", "content-length", "cookie", "expect", "host", "keep-alive",
    "proxy-authorization", "proxy-connection", "te", "traceparent", "trailer", "transfer-encoding", "upgrade",
    "user-agent", "x-csrf-token", "x-request-id",
  ]

  /// - Throws: `.invalidArgument` for whatever could lead the request elsewhere, or make two of it.
  package init(
    _ method: HTTPRequest.Method, target: String, headers: [(name: String, value: String)], payload: Body?,
    service: ServicePath?, isRepeatable: Bool, timeout: Int64
  ) throws(S4Error) {
    self.method = method
    self.target = try Self.checked(target)
    guard headers.count <= Self.mostHeaders else {
      throw .invalidArgument("headers", "are \(headers.count), and \(Self.mostHeaders) is the most")
    }
    self.headers = []
    for header in headers { self.headers.append(try Self.line(header.name, header.value)) }
    self.payload = payload
    self.service = service
    self.isRepeatable = isRepeatable || method == .get || method == .head
    self.timeout = timeout
    guard payload == nil || (method != .get && method != .head) else {
      throw .invalidArgument("body", "is given, and \(method.rawValue) has none")
    }
  }

  /// The same path must reach the tenant as was given: no second host, no dots, no fragment.
  private static func checked(_ target: String) throws(S4Error) -> String {
    guard target.hasPrefix("/"), !target.hasPrefix("//") else {
      throw .invalidArgument(
        "path",
        "\(MessageText.quoted(target)) does not begin with one \"/\": give the path on the tenant's host, no URL")
    }
    guard target.utf8.count <= longestTarget else {
      throw .invalidArgument("path", "has \(target.utf8.count) bytes, and \(longestTarget) is the most")
    }
    guard target.utf8.allSatisfy({ 0x21...0x7E ~= $0 && !"\"#<>\\^`{|}".utf8.contains($0) }) else {
      throw .invalidArgument("path", "holds a character that no URL may hold as it is: percent-encode it")
    }
    let path = target.prefix { $0 != "?" }
    // As servers read them: encoded, and without what follows a semicolon.
    for segment in path.split(separator: "/") where dotted.contains(segment.prefix { $0 != ";" }.lowercased()) {
      throw .invalidArgument("path", "\(MessageText.quoted(target)) has a dotted segment: give the path in full")
    }
    return target
  }

  private static func line(_ name: String, _ value: String) throws(S4Error) -> String {
    guard 1...128 ~= name.utf8.count, name.utf8.allSatisfy(isTokenByte) else {
      throw .invalidArgument("headers", "\(MessageText.quoted(name)) is no header's name")
    }
    guard !ownHeaders.contains(name.lowercased()) else {
      throw .invalidArgument("headers", "\(name) is the library's to set: leave it away")
    }
    guard value.utf8.count <= longestHeader, value.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F || $0 == 0x09 }) else {
      throw .invalidArgument("headers", "the value of \(name) is none: visible ASCII alone, no line break")
    }
    // libcurl sends a header without a value by another mark.
    return value.allSatisfy { $0 == " " || $0 == "\t" } ? name + ";" : name + ": " + value
  }

  /// Source: RFC 9110 section 5.6.2.
  private static func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
  }
}

extension Client {
  /// Starts a request of the product's own making. The answer is taken as it came.
  package func request(_ request: RawRequest) throws(S4Error) -> Call {
    let source = try tokenSource()
    let call = try Call(.document, engine: instance.engine)
    let exchange = exchange(source, call, timeout: request.timeout, trace: request.trace)
    var ask = exchange.ask(request.method, request.target, own: request.headers)
    ask.payload = request.payload
    ask.isAnswerHandedOn = true
    ask.sessionRoot = request.service?.root
    // Whose path is any path names no service: the connection would stay closed until that very path is open.
    ask.place = request.service?.path
    let place = String(request.target.prefix { $0 != "?" })
    let isWrite = !request.isRepeatable
    let isPageWanted = request.headers.contains { line in
      let line = line.lowercased()
      return line.hasPrefix("accept:") && line.holds("text/html")
    }
    exchange.send(ask, isWrite ? .write : .none) { result in
      source.finish()
      call.finish(
        result.mapError { isWrite ? $0.ofAWrite : $0 }.map {
          .document(
            DocumentAnswer(
              isWrite: isWrite, answer: $0, shape: .anything(isPageWanted: isPageWanted), exchange: exchange,
              target: place))
        })
    }
    return call
  }
}
