// SPDX-License-Identifier: Apache-2.0

extension Array {
  /// Splits at the elements whose property has this value; an empty piece counts.
  func split<Value: Equatable>(separator: Value, by property: (Element) -> Value) -> [ArraySlice<Element>] {
    split(omittingEmptySubsequences: false) { property($0) == separator }
  }
}
