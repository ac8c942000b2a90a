// SPDX-License-Identifier: Apache-2.0

/// A piece of a filter or key, by its range in the text's UTF-8 bytes.
struct FilterToken: Equatable, Sendable {
  enum Kind: Equatable, Sendable {
    /// `?`
    case parameter
    /// `'text'`, `datetime'…'`, `12.50M`: stays as it is written.
    case literal
    /// A property, a function or an operator.
    case name
    case open, close, comma, equals
  }

  var kind: Kind
  var range: Range<Int>
}
