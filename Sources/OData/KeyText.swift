// SPDX-License-Identifier: Apache-2.0

/// Writes a key's value as it came in a row back into OData's literal.
enum KeyText {
  static func literal(of field: Field, type: EdmType?, body: UnsafeRawBufferPointer) -> String {
    let text = field.text(of: body)
    switch (field.kind, type) {
    case (.boolean, _), (.null, _), (.absent, _), (.json, _): return text
    case (.number, .int64): return text + "L"
    case (.number, .decimal): return text + "M"
    case (.number, .double): return text + "d"
    case (.number, .single): return text + "f"
    case (.number, _): return text
    case (.dateTime, .dateTimeOffset): return "datetimeoffset'" + text + "'"
    case (.dateTime, _): return "datetime'" + text.dropLast() + "'"
    case (.text, .guid): return "guid'" + text + "'"
    case (.text, .time): return "time'" + text + "'"
    case (.text, _):
      return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
    }
  }
}
