// SPDX-License-Identifier: Apache-2.0

import Basics
import HTTP

/// What a token endpoint's refusal means. Only its code is repeated: its description may quote what was sent.
enum TokenFault {
  static func error(_ response: HTTPResponse, origin: Origin) -> S4Error {
    let code = oauthCode(response.body.bytes)
    var error = meaning(response, code: code, host: origin.host)
    error.httpStatus = Int32(clamping: response.status)
    error.sapCode = code
    error.target = "token_url"
    error.outcome = .notProcessed
    error.retryAfter = response.retryAfter
    return error
  }

  static func noToken(_ response: HTTPResponse, origin: Origin, fault: JSONFault) -> S4Error {
    if isWebPage(response) { return webPage(origin.host, status: response.status) }
    return S4Error(
      .malformedAnswer,
      "the token endpoint \(origin.host) answered \(response.status) without a bearer token "
        + "(\(fault.reason), byte \(fault.offset)): check token_url", outcome: .unknown,
      httpStatus: Int32(clamping: response.status), target: "token_url")
  }

  private static func meaning(_ response: HTTPResponse, code: String, host: String) -> S4Error {
    let status = response.status
    switch (status, code) {
    case (429, _):
      return S4Error(
        .throttled, "the token endpoint \(host) asks to slow down\(wait(response))", isRetryable: true)
    case (408, _), (500..., _):
      return S4Error(
        .unreachable, "the token endpoint \(host) is out of order (\(status)): try again later", isRetryable: true)
    case (_, "invalid_client"), (_, "unauthorized"), (_, "unauthorized_client"), (401, _):
      let said = code.isEmpty ? "\(status)" : "\(status) \(code)"
      return S4Error(
        .credentialExpired,
        "the token endpoint \(host) rejected the client or what it showed for itself (\(said)): it is not "
          + "sent again; ask the customer's admin for the new secret or certificate and put it")
    case (300..<400, _):
      return S4Error(
        .originRefused,
        "the token endpoint \(host) redirects (\(status)): redirects are not followed with a "
          + "credential; give the final token_url")
    default:
      if code.isEmpty, isWebPage(response) { return webPage(host, status: status) }
      let said = code.isEmpty ? "" : " " + code
      return S4Error(
        .serviceError, "the token endpoint \(host) answered \(status)\(said): check token_url, scope and client_auth")
    }
  }

  private static func webPage(_ host: String, status: Int) -> S4Error {
    S4Error(
      .notOData,
      "the token endpoint \(host) answered \(status) with a web page: token_url is a login page or the "
        + "wrong host", outcome: .notProcessed, httpStatus: Int32(clamping: status), target: "token_url")
  }

  private static func isWebPage(_ response: HTTPResponse) -> Bool {
    response.contentType.lowercased().hasPrefix("text/html") || response.body.bytes.first == UInt8(ascii: "<")
  }

  private static func wait(_ response: HTTPResponse) -> String {
    response.retryAfter.map { ": wait \($0) s" } ?? ""
  }

  /// The `error` member, where it is one of OAuth's short codes. Source: RFC 6749 section 5.2.
  private static func oauthCode(_ bytes: UnsafeRawBufferPointer) -> String {
    var reader = JSONReader(bytes)
    do throws(JSONFault) {
      try reader.beginObject()
      while let key = try reader.nextKey() {
        guard reader.isText(key, "error"), try reader.peek() == .string else {
          try reader.skipValue()
          continue
        }
        let code = reader.text(try reader.readString())
        let isCode =
          (1...64).contains(code.utf8.count)
          && code.utf8.allSatisfy {
            0x61...0x7A ~= $0 || 0x41...0x5A ~= $0 || 0x30...0x39 ~= $0 || $0 == 0x5F || $0 == 0x2D
          }
        return isCode ? code : ""
      }
    } catch {
      return ""
    }
    return ""
  }
}
