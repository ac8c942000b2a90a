// SPDX-License-Identifier: Apache-2.0

import CExpat

/// What expat's callbacks reach through their user data: the handler, and the limits.
final class XMLSession {
  private let parser: XML_Parser
  private let handler: any XMLHandler
  private var depth = 0
  private var elements = 0
  private(set) var stopReason: String?

  init(parser: XML_Parser, handler: any XMLHandler) {
    self.parser = parser
    self.handler = handler
  }

  static func from(_ user: UnsafeMutableRawPointer?) -> XMLSession? {
    user.map { Unmanaged<XMLSession>.fromOpaque($0).takeUnretainedValue() }
  }

  func start(_ name: UnsafePointer<XML_Char>?, _ attributes: UnsafeMutablePointer<UnsafePointer<XML_Char>?>?) {
    // expat may bring one more event after it was stopped.
    guard stopReason == nil, let name else { return }
    depth &+= 1
    elements &+= 1
    guard depth <= XMLParser.maximumDepth else { return stop("its elements are nested too deeply") }
    guard elements <= XMLParser.maximumElements else { return stop("it has too many elements") }
    handler.start(XMLElement(name: name, attributes: attributes))
  }

  func end() {
    guard stopReason == nil else { return }
    depth &-= 1
    handler.end()
  }

  func text(_ piece: UnsafePointer<XML_Char>?, _ count: Int32) {
    guard stopReason == nil, let piece, count > 0 else { return }
    handler.text(UnsafeRawBufferPointer(start: piece, count: Int(count)))
  }

  func stop(_ reason: String) {
    if stopReason == nil { stopReason = reason }
    XML_StopParser(parser, XML_Bool(XML_FALSE))
  }
}
