// SPDX-License-Identifier: Apache-2.0

/// What a field holds. The raw values are the header's `ASKEL_S4_FIELD_…` numbers; a test holds them together.
package enum FieldKind: Int32, CaseIterable, Sendable {
  case absent = 0
  case null = 1
  case text = 2
  case number = 3
  case boolean = 4
  case dateTime = 5
  case json = 6
}
