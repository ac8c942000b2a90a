// SPDX-License-Identifier: Apache-2.0

import Basics
import Testing

@testable import OData

@Suite struct AnswerErrorTests {
  private func error(_ status: Int, _ body: String, type: String = "application/json") -> S4Error {
    bytes(body) { AnswerError.from(status: status, contentType: type, body: $0, target: "/sap/x/A_SalesOrder") }
  }

  private let v2 = #"""
    {"error":{"code":"ZCU/100","message":{"lang":"nl","value":"Service niet\ngevonden"},"innererror":{
    "application":{"component_id":""},"transactionid":"X","errordetails":[
    {"code":"ZCU/100","message":"Service niet gevonden","propertyref":"","severity":"error","target":"Plant"},
    {"code":"/IWBEP/CX_MGW_BUSI_EXCEPTION","message":"Fout","severity":"error","target":""}]}}}
    """#

  @Test func errorOfV2IsRead() {
    let error = error(400, v2)
    #expect(error.code == .serviceError)
    #expect(error.sapCode == "ZCU/100")
    #expect(error.httpStatus == 400)
    #expect(error.outcome == .notProcessed)
    #expect(!error.isRetryable)
    #expect(error.target == "/sap/x/A_SalesOrder")
    #expect(error.message == "the tenant answered 400 for /sap/x/A_SalesOrder: Service niet gevonden (ZCU/100)")
    #expect(
      error.details
        == [S4Error.Detail(code: "ZCU/100", message: "Service niet gevonden", severity: "error", target: "Plant")])
  }

  @Test func gatewaysOwnDetailsStayWhereThereAreNoOthers() {
    let only =
      #"{"error":{"code":"X","innererror":{"errordetails":[{"code":"/IWBEP/CX_MGW","message":"Fout"}]}}}"#
    #expect(error(400, only).details.map(\.code) == ["/IWBEP/CX_MGW"])
  }

  @Test func errorOfV4IsRead() {
    let error = error(
      400,
      #"""
      {"error":{"code":"M7/502","message":"Base date is earlier","target":"ReservationDate","@SAP__common.x":"y",
      "details":[{"code":"M7/505","message":"Text","target":"_Item","@SAP__common.Severity":"warning",
      "@SAP__common.numericSeverity":3}],"innererror":{"ErrorDetails":{"a":1}}}}
      """#)
    #expect(error.sapCode == "M7/502")
    #expect(error.target == "ReservationDate")
    #expect(contains(error.message, "Base date is earlier"))
    #expect(error.details == [S4Error.Detail(code: "M7/505", message: "Text", severity: "warning", target: "_Item")])
  }

  @Test(arguments: [
    (#"{"error":"just text"}"#, "", "just text"), (#"{"error":{"code":"A/1"}}"#, "A/1", "SAP gave no text"),
    (#"{"error":{"code":"A/1","message":{}}}"#, "A/1", "SAP gave no text"),
    (#"{"error":{"code":5,"message":"x"}}"#, "5", "x"),
    (#"{"error":{"code":"A/1","message":{"value":null}}}"#, "A/1", "SAP gave no text"),
    (#"{"error":{"code":"A/1","message":[1],"innererror":"x","details":{}}}"#, "A/1", "SAP gave no text"),
    (#"{"error":{"message":"x","innererror":{"errordetails":[1,{"code":{}},{"message":{"value":"y"}}]}}}"#, "", "x"),
    (#"{"code":"A/1","message":{"lang":"en","value":"x"}}"#, "A/1", "x"),
    (#"{"error":{"code":"A/1","message":"a\u0000\r\nb"}}"#, "A/1", "a b"),
  ])
  func deviationsFromTheFormAreTaken(body: String, code: String, message: String) {
    let error = error(400, body)
    #expect(error.code == .serviceError)
    #expect(error.sapCode == code)
    #expect(contains(error.message, message), "\(error.message)")
    #expect(!error.message.utf8.contains { $0 < 0x20 })
  }

  @Test func errorInXMLIsRead() {
    let error = error(
      400,
      """
      <?xml version="1.0" encoding="utf-8"?>
      <error xmlns="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata">
      <code>005056A509B11EE1B9A8FEC11C23378E</code><message xml:lang="en">Not &lt;allowed&gt;</message><innererror>
      <transactionid>X</transactionid><errordetails><errordetail><code>A/1</code><message>More</message>
      <severity>error</severity><target>T</target></errordetail></errordetails></innererror></error>
      """, type: "application/xml")
    #expect(error.sapCode == "005056A509B11EE1B9A8FEC11C23378E")
    #expect(contains(error.message, "Not <allowed>"))
    #expect(error.details == [S4Error.Detail(code: "A/1", message: "More", severity: "error", target: "T")])
  }

  @Test func bombsInXMLErrorsAreText() {
    let bomb = "<!DOCTYPE error [<!ENTITY a \"aaaa\">]><error><code>&a;</code></error>"
    #expect(error(400, bomb, type: "application/xml").sapCode == "")
    let deep = "<error>" + String(repeating: "<a>", count: 100_000)
    #expect(error(400, deep, type: "application/xml").sapCode == "")
    #expect(error(400, "<feed><code>A/1</code></feed>", type: "application/xml").sapCode == "")
  }

  @Test(
    arguments: [
      (401, .unauthorised, false), (403, .unauthorised, false), (404, .notFound, false), (429, .throttled, true),
      (408, .unreachable, true), (500, .serviceError, false), (501, .serviceError, false), (502, .unreachable, true),
      (503, .unreachable, true), (504, .unreachable, true), (400, .serviceError, false), (405, .serviceError, false),
      (406, .serviceError, false), (412, .preconditionFailed, false), (428, .preconditionRequired, false),
      (302, .notOData, false), (200, .serviceError, false),
    ] as [(Int, S4Error.Code, Bool)])
  func statusDecidesWhatToDo(status: Int, code: S4Error.Code, isRetryable: Bool) {
    let error = error(status, v2)
    #expect(error.code == code)
    #expect(error.isRetryable == isRetryable)
    #expect(error.httpStatus == Int32(status))
    #expect(error.sapCode == "ZCU/100")
    #expect(error.outcome == (400...499 ~= status ? .notProcessed : .unknown))
  }

  @Test(
    arguments: [
      (500, .unreachable, true), (501, .unreachable, false), (503, .unreachable, true), (404, .notFound, false),
      (403, .unauthorised, false), (400, .serviceError, false),
    ] as [(Int, S4Error.Code, Bool)])
  func withoutAnErrorOfSAPTheStatusStandsAlone(status: Int, code: S4Error.Code, isRetryable: Bool) {
    for body in ["", "upstream connect error", "{}", "{\"x\":", "[]", "null"] {
      let error = error(status, body, type: "text/plain")
      #expect(error.code == code)
      #expect(error.isRetryable == isRetryable)
      #expect(error.sapCode == "")
    }
  }

  @Test func statusOutsideOfHTTPIsNone() {
    for status in [0, -1, 99, 600, Int.max, Int.min] {
      #expect(error(status, "").httpStatus == 0)
    }
  }

  @Test func bodyThatIsNoJSONIsKeptOnOneLine() {
    let error = error(400, "CSRF token\r\nvalidation\u{0}\u{1B}[31m failed", type: "text/plain")
    #expect(error.message == "the tenant answered 400 for /sap/x/A_SalesOrder: \"CSRF token validation [31m failed\"")
    #expect(error.details == [S4Error.Detail(code: "", message: "CSRF token validation [31m failed")])
    let long = self.error(400, String(repeating: "x", count: 100_000), type: "text/plain")
    #expect(long.message.utf8.count < 400)
    #expect(long.details.first?.message.utf8.count == 4_096)
    let invalid = bytes([0xFF, 0xFE, 0x41] as [UInt8]) {
      AnswerError.from(status: 400, contentType: "", body: $0, target: "")
    }
    #expect(contains(invalid.message, "A"))
  }

  @Test(arguments: [400, 404, 410])
  func aWebPageIsNoODataAndNoMissingDocument(status: Int) {
    for (body, type) in [
      ("<p>x</p>", "text/html; charset=utf-8"), ("\n<!DOCTYPE HTML><html>", ""), ("\u{FEFF}<html>", ""),
    ] {
      let error = error(status, body, type: type)
      #expect(error.code == .notOData)
      #expect(contains(error.message, "\"-api\""))
      #expect(contains(error.message, "login page"))
      #expect(error.details == [])
    }
  }

  @Test func aWebPageDoesNotHideWhatTheStatusSays() {
    let codes = [401, 403, 429, 500, 503].map { error($0, "<html>", type: "text/html").code }
    #expect(codes == [.unauthorised, .unauthorised, .throttled, .unreachable, .unreachable])
  }

  @Test(arguments: [
    ("text/html", "{}", true), ("TEXT/HTML;charset=x", "", true), ("application/json", "<html>", true),
    ("application/json", " \n<x/>", true),
    ("application/xml", "<feed/>", true), ("", "<", true), ("application/json", "{\"d\":[]}", false), ("", "", false),
    ("text/plain", "{}", false), ("application/json", "\"<html>\"", false),
  ])
  func successThatIsNoJSONIsNoOData(type: String, body: String, isError: Bool) {
    let error = bytes(body) { AnswerError.unexpectedContent(contentType: type, body: $0, target: "/sap/x") }
    #expect((error != nil) == isError)
    guard let error else { return }
    #expect(error.code == .notOData)
    #expect(error.target == "/sap/x")
    #expect(contains(error.message, "check"))
  }

  @Test func pagesAreToldFromMetadata() {
    let page = bytes("<!doctype html>") { AnswerError.webPage(contentType: "application/xml", body: $0, target: "") }
    #expect(page?.code == .notOData)
    #expect(
      bytes("<?xml?><edmx/>") { AnswerError.webPage(contentType: "application/xml", body: $0, target: "") } == nil)
  }

  @Test func detailsAreBounded() {
    let detail = #"{"code":"A/1","message":""# + String(repeating: "x", count: 5_000) + #""}"#
    let body =
      #"{"error":{"code":"A/1","details":["# + Array(repeating: detail, count: 500).joined(separator: ",") + "]}}"
    let details = error(400, body).details
    #expect(details.count == 100)
    #expect(details.allSatisfy { $0.message.count <= 4_097 })
  }
}
