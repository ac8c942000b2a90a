// SPDX-License-Identifier: Apache-2.0

/// Text that is compared byte by byte: to Swift two texts are equal that differ in their Unicode normal form alone ("å"
/// as one scalar or as two), and they may be the names of two customers.
package struct TextKey: Hashable, Sendable {
  package let text: String

  package init(_ text: String) { self.text = text }

  package static func == (one: TextKey, other: TextKey) -> Bool { one.text.utf8.elementsEqual(other.text.utf8) }

  package func hash(into hasher: inout Hasher) {
    for byte in text.utf8 { hasher.combine(byte) }
    hasher.combine(UInt8(0xFF))
  }
}

/// Values by texts that are told apart byte by byte.
package struct TextMap<Value> {
  private var byText: [TextKey: Value] = [:]

  package init() {}

  package subscript(text: String) -> Value? {
    get { byText[TextKey(text)] }
    set { byText[TextKey(text)] = newValue }
  }

  package subscript(text: String, default standard: @autoclosure () -> Value) -> Value {
    get { byText[TextKey(text), default: standard()] }
    set { byText[TextKey(text)] = newValue }
  }

  package var values: Dictionary<TextKey, Value>.Values { byText.values }

  package func mapValues<Other>(_ transform: (Value) -> Other) -> TextMap<Other> {
    var map = TextMap<Other>()
    map.byText = byText.mapValues(transform)
    return map
  }
}

extension TextMap: Sendable where Value: Sendable {}

extension TextMap: Sequence {
  package func makeIterator() -> AnyIterator<(text: String, value: Value)> {
    var rest = byText.makeIterator()
    return AnyIterator { rest.next().map { ($0.key.text, $0.value) } }
  }
}
