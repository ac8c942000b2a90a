// SPDX-License-Identifier: Apache-2.0

import Basics

/// Makes an error of an answer that is none of success, or that is none of OData.
package enum AnswerError {
  /// Says what an answer outside 200..299 means. `Retry-After` and the request's id are the caller's to add.
  /// - Parameters:
  ///   - status: the HTTP status; 200 for an error that came as a success.
  ///   - body: the answer's body, of whatever form.
  ///   - target: path of the request without its query.
  /// - Source: RFC 9110 section 15; SAP Gateway error bodies (SAP Note 1797736).
  package static func from(
    status: Int, contentType: String, body: UnsafeRawBufferPointer, target: String
  ) -> S4Error {
    let isPage = WebPage.isOne(contentType: contentType, body: body)
    let said = isPage ? nil : SAPErrorBody.parse(json: body) ?? SAPErrorBody.parse(xml: body)
    let meaning = StatusMeaning(status: status, hasSAPError: said != nil, isWebPage: isPage)
    var message = "the tenant answered \(status)" + (target.isEmpty ? "" : " for \(target)")
    var details: [S4Error.Detail] = said?.details ?? []
    if let said {
      message += ": " + MessageText.line(said.message.isEmpty ? "SAP gave no text" : said.message, limit: 500)
      if !said.code.isEmpty { message += " (" + MessageText.line(said.code, limit: 80) + ")" }
    } else if isPage {
      message += " with a web page"
    } else {
      let text = MessageText.line(MessageText.prefix(of: body, limit: SAPErrorBody.maximumText), limit: 4_096)
      if !text.isEmpty {
        message += ": " + MessageText.quoted(text, limit: 200)
        details = [S4Error.Detail(code: "", message: text)]
      }
    }
    return S4Error(
      meaning.code, message + meaning.advice, outcome: 400...499 ~= status ? .notProcessed : .unknown,
      isRetryable: meaning.isRetryable, httpStatus: 100...599 ~= status ? Int32(truncatingIfNeeded: status) : 0,
      sapCode: said?.code ?? "", target: said.flatMap { $0.target.isEmpty ? nil : $0.target } ?? target,
      details: details)
  }

  /// Says what is wrong with a successful answer to a request for JSON whose body is something else.
  /// - Returns: nil where it may be JSON.
  package static func unexpectedContent(
    contentType: String, body: UnsafeRawBufferPointer, target: String
  ) -> S4Error? {
    if let page = webPage(contentType: contentType, body: body, target: target) { return page }
    guard WebPage.firstByte(of: body) == UInt8(ascii: "<") else { return nil }
    return notOData("sent XML where JSON was asked for", target, "check that the path is that of an OData V2 service")
  }

  /// Says what is wrong with a successful answer that is a web page, whatever was asked for.
  /// - Returns: nil where it is none.
  package static func webPage(contentType: String, body: UnsafeRawBufferPointer, target: String) -> S4Error? {
    guard WebPage.isOne(contentType: contentType, body: body) else { return nil }
    return notOData("sent a web page", target, WebPage.advice)
  }

  private static func notOData(_ what: String, _ target: String, _ advice: String) -> S4Error {
    let place = target.isEmpty ? "" : " for \(target)"
    return S4Error(.notOData, "the host \(what)\(place); \(advice)", outcome: .unknown, target: target)
  }
}
