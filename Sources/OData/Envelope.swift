// SPDX-License-Identifier: Apache-2.0

import Basics

/// The wrapping of every V2 answer: {"d":…}. Source: OData V2 JSON Format, section 4.
enum Envelope {
  /// Reads an answer's wrapping and hands its content over.
  /// - Parameter content: called once, with the reader before the value of "d", which it reads.
  /// - Throws: `.malformedAnswer` for what is no such answer; SAP's own error where the body is one.
  static func read(
    _ body: UnsafeRawBufferPointer, content: (inout JSONReader) throws -> Void
  ) throws(S4Error) {
    do {
      var reader = JSONReader(body)
      guard try reader.peek() == .object else {
        throw S4Error.malformedAnswer("the answer is JSON and no object; \"d\" should be in it")
      }
      try reader.beginObject()
      var hasContent = false
      while let name = try reader.nextKey() {
        if reader.isText(name, "error"), try reader.peek() != .null {
          throw AnswerError.from(status: 200, contentType: "application/json", body: body, target: "")
        }
        guard reader.isText(name, "d") else {
          try reader.skipValue()
          continue
        }
        guard !hasContent else { throw S4Error.malformedAnswer("the answer has \"d\" twice; read it again") }
        hasContent = true
        try content(&reader)
      }
      try reader.finish()
      guard hasContent else {
        throw S4Error.malformedAnswer(
          "the answer has no \"d\", as OData V2 has; check that the service's path is right")
      }
    } catch let error as S4Error {
      throw error
    } catch let fault as JSONFault {
      throw .malformedAnswer(fault, size: body.count)
    } catch {
      throw S4Error(.internalDefect, "reading an answer ended in an unknown way; please report it", outcome: .unknown)
    }
  }
}
