// SPDX-License-Identifier: Apache-2.0

/// A row's key, hashed under this process's secret: 128 bits, so that two different keys among billions of rows do not
/// meet by chance, nor by intent. Comparable within one process only.
package struct RowKey: Hashable, Sendable {
  private let high: Int
  private let low: Int

  /// - Parameters:
  ///   - high: hashed with the same values as `low`.
  ///   - low: with one byte more, which makes it independent of `high`.
  init(high: Hasher, low: Hasher) {
    self.high = high.finalize()
    self.low = low.finalize()
  }
}
