// SPDX-License-Identifier: Apache-2.0

import Basics

/// Follows an error in XML: <error><code/><message/><innererror><errordetails><errordetail>…
/// Source: OData V2 Operations, section 2.8 "Error Response"; SAP Gateway error bodies.
final class ErrorDocumentHandler: XMLHandler {
  private(set) var error = SAPErrorBody()
  /// The document's outermost element is <error>.
  private(set) var isError = false

  private var path: [String] = []
  private var collected: [UInt8] = []
  private var detail: S4Error.Detail?

  func start(_ element: borrowing XMLElement) {
    let name = String(element.name)
    if path.isEmpty { isError = name == "error" }
    path.append(name)
    collected.removeAll(keepingCapacity: true)
    if name == "errordetail" { detail = S4Error.Detail(code: "", message: "") }
  }

  func text(_ piece: UnsafeRawBufferPointer) {
    guard collected.count < SAPErrorBody.maximumText else { return }
    collected += piece.prefix(SAPErrorBody.maximumText)
  }

  func end() {
    let name = path.popLast()
    let text = MessageText.line(String(decoding: collected, as: UTF8.self), limit: SAPErrorBody.maximumText)
    collected.removeAll(keepingCapacity: true)
    if detail != nil {
      switch name {
      case "code": detail?.code = text
      case "message": detail?.message = text
      case "severity": detail?.severity = text
      case "target": detail?.target = text
      case "errordetail":
        if let detail { error.add(detail) }
        detail = nil
      default: break
      }
    } else if path == ["error"] {
      switch name {
      case "code": error.code = text
      case "message": error.message = text
      default: break
      }
    }
  }
}
