// SPDX-License-Identifier: Apache-2.0

import Basics

extension SAPErrorBody {
  /// Reads an error in JSON: V2's and V4's forms, and the deviations from them that occur (a string for the whole
  /// error, no message, no inner error).
  /// - Returns: nil where the body is no JSON object or nothing in it is an error.
  /// - Source: OData V2 JSON Format, section 6; OData JSON Format 4.01, section 21; SAP Note 1797736.
  static func parse(json body: UnsafeRawBufferPointer) -> SAPErrorBody? {
    var error = SAPErrorBody()
    do throws(JSONFault) {
      var reader = JSONReader(body)
      guard try reader.peek() == .object else { return nil }
      try reader.beginObject()
      while let name = try reader.nextKey() {
        if reader.isText(name, "error") {
          try error.readError(&reader)
        } else {
          // Some senders leave the wrapping out.
          try error.readMember(name, &reader)
        }
      }
      try reader.finish()
    } catch {
      return nil
    }
    error.dropNoise()
    return error.isEmpty ? nil : error
  }

  private mutating func readError(_ reader: inout JSONReader) throws(JSONFault) {
    switch try reader.peek() {
    case .object:
      try reader.beginObject()
      while let name = try reader.nextKey() { try readMember(name, &reader) }
    case .string: message = Self.text(try reader.readValue(), reader)
    default: try reader.skipValue()
    }
  }

  private mutating func readMember(_ name: JSONString, _ reader: inout JSONReader) throws(JSONFault) {
    if reader.isText(name, "code") {
      code = Self.text(try reader.readValue(), reader)
    } else if reader.isText(name, "message") {
      message = try Self.readMessage(&reader)
    } else if reader.isText(name, "target") {
      target = Self.text(try reader.readValue(), reader)
    } else if reader.isText(name, "details") {
      try readDetails(&reader)
    } else if reader.isText(name, "innererror"), try reader.peek() == .object {
      try reader.beginObject()
      while let inner = try reader.nextKey() {
        if reader.isText(inner, "errordetails") { try readDetails(&reader) } else { try reader.skipValue() }
      }
    } else {
      try reader.skipValue()
    }
  }

  /// V4 has text, V2 has {"lang","value"}.
  private static func readMessage(_ reader: inout JSONReader) throws(JSONFault) -> String {
    guard try reader.peek() == .object else { return text(try reader.readValue(), reader) }
    var message = ""
    try reader.beginObject()
    while let name = try reader.nextKey() {
      let value = try reader.readValue()
      if reader.isText(name, "value") { message = text(value, reader) }
    }
    return message
  }

  private mutating func readDetails(_ reader: inout JSONReader) throws(JSONFault) {
    guard try reader.peek() == .array else {
      try reader.skipValue()
      return
    }
    try reader.beginArray()
    while try reader.nextElement() {
      guard try reader.peek() == .object else {
        try reader.skipValue()
        continue
      }
      var detail = S4Error.Detail(code: "", message: "")
      try reader.beginObject()
      while let name = try reader.nextKey() {
        if reader.isText(name, "message") {
          detail.message = try Self.readMessage(&reader)
          continue
        }
        let value = Self.text(try reader.readValue(), reader)
        if reader.isText(name, "code") { detail.code = value }
        if reader.isText(name, "severity") || reader.isText(name, "@SAP__common.Severity") { detail.severity = value }
        if reader.isText(name, "target") { detail.target = value }
      }
      add(detail)
    }
  }

  /// A string's text or a number as it is written, on one line; nothing for other values.
  private static func text(_ value: JSONValue, _ reader: JSONReader) -> String {
    switch value.kind {
    case .string: MessageText.line(reader.text(value) ?? "", limit: maximumText)
    case .number: MessageText.line(String(decoding: reader.bytes[value.range], as: UTF8.self), limit: 64)
    default: ""
    }
  }
}
