// SPDX-License-Identifier: Apache-2.0

extension SAPErrorBody {
  private static let maximumDocument = 1 << 20

  /// Reads an error in XML.
  /// - Returns: nil where the body is no XML document or its outermost element is no <error>.
  static func parse(xml body: UnsafeRawBufferPointer) -> SAPErrorBody? {
    guard body.count <= maximumDocument, WebPage.firstByte(of: body) == UInt8(ascii: "<") else { return nil }
    let handler = ErrorDocumentHandler()
    guard (try? XMLParser().parse(body, handler: handler)) != nil, handler.isError else { return nil }
    var error = handler.error
    error.dropNoise()
    return error.isEmpty ? nil : error
  }
}
