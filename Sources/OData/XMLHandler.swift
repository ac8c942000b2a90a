// SPDX-License-Identifier: Apache-2.0

/// What follows a document while `XMLParser` reads it. Start and end tags come paired and properly nested.
protocol XMLHandler: AnyObject {
  func start(_ element: borrowing XMLElement)
  func end()
  /// Brings character data, a piece at a time.
  func text(_ piece: UnsafeRawBufferPointer)
}
