// SPDX-License-Identifier: Apache-2.0

import CExpat

/// Reads one XML document with expat, namespaces resolved. Strict where a document could be a bomb: no document type
/// declaration (and so no entity of its own), bounded depth, bounded number of elements.
struct XMLParser: ~Copyable {
  static let maximumDepth = 64
  static let maximumElements = 2_000_000
  /// expat takes lengths as Int32; a document is fed in pieces.
  private static let pieceSize = 1 << 20

  private let parser: XML_Parser

  /// - Throws: `XMLFault` when there is no memory.
  init() throws(XMLFault) {
    // Names come as "namespace\nname": no URI holds a line break.
    guard let parser = XML_ParserCreateNS(nil, XML_Char(bitPattern: UInt8(ascii: "\n"))) else {
      throw XMLFault(line: 0, reason: "there is no memory for an XML parser")
    }
    self.parser = parser
  }

  deinit { XML_ParserFree(parser) }

  /// Reads a whole document.
  /// - Throws: `XMLFault` for what is not well-formed and for what passes a limit; the handler saw the part before it.
  consuming func parse(_ document: UnsafeRawBufferPointer, handler: any XMLHandler) throws(XMLFault) {
    let session = XMLSession(parser: parser, handler: handler)
    XML_SetUserData(parser, Unmanaged.passUnretained(session).toOpaque())
    XML_SetElementHandler(
      parser, { XMLSession.from($0)?.start($1, $2) }, { user, _ in XMLSession.from(user)?.end() })
    XML_SetCharacterDataHandler(parser) { XMLSession.from($0)?.text($1, $2) }
    XML_SetStartDoctypeDeclHandler(parser) { user, _, _, _, _ in
      XMLSession.from(user)?.stop("it declares a document type, which no OData service does")
    }
    var rest = document
    repeat {
      let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(Self.pieceSize))
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(Self.pieceSize))
      let bytes = piece.assumingMemoryBound(to: CChar.self).baseAddress
      let status = XML_Parse(parser, bytes, Int32(truncatingIfNeeded: piece.count), rest.isEmpty ? 1 : 0)
      let line = UInt(XML_GetCurrentLineNumber(parser))
      if let reason = session.stopReason { throw XMLFault(line: line, reason: reason) }
      guard status == XML_STATUS_OK else {
        let reason = XML_ErrorString(XML_GetErrorCode(parser)).map { String(cString: $0) }
        throw XMLFault(line: line, reason: reason ?? "it is not well-formed")
      }
    } while !rest.isEmpty
    withExtendedLifetime(session) {}
  }
}
