// SPDX-License-Identifier: Apache-2.0

import Basics
import OData

/// Keeps the books of one read, without I/O: which pages came, whether they add up, and what that proves.
struct ReadLedger: Sendable {
  private(set) var receipt = Receipt()
  private let top: UInt64
  private let asksCount: Bool
  private var countFailed = false
  private var seenLinks: Set<Int> = []
  private var keys = KeyWindow()
  private var emptyPagesInARow = 0

  /// A service that sends so many empty pages with a next link each goes in circles.
  static let maximumEmptyPages = 100

  init(top: UInt64, asksCount: Bool) {
    self.top = top
    self.asksCount = asksCount
  }

  /// Enters a page.
  /// - Parameters:
  ///   - target: path and query of the page's request.
  ///   - next: path and query of the page that follows; nil for the last.
  /// - Returns: how many of its rows are delivered: `top` may cut it.
  /// - Throws: `readInconsistent` where the pages do not add up.
  mutating func enter(
    _ page: PageBuffer, target: String, next: String?, countFailed failed: Bool
  ) throws(S4Error) -> Int {
    // Everything is looked at before anything is entered: a page that fails delivers no row.
    let number = receipt.pages + 1
    if number == 1 {
      seenLinks.insert(target.hashValue)
      countFailed = failed
      if let count = page.index.count, count >= 0 { receipt.serverCount = count }
    }
    guard page.index.partialExpansions == 0 else {
      throw fail(
        "the service cut off \(page.index.partialExpansions) expanded collections on page \(number): the rows "
          + "behind them would be missing; ask for smaller pages, or read that entity set by itself")
    }
    let left = top == 0 ? UInt64.max : top - min(top, receipt.rows)
    let delivered = Int(clamping: min(left, UInt64(page.index.rows.count)))
    let isLast = next == nil || UInt64(delivered) == left
    if let next, !isLast { try checkLink(next, number: number, isEmpty: delivered == 0) }
    for row in 0..<delivered where !keys.insert(page.key(row)) {
      receipt.duplicates += 1
      throw fail(
        "the row \(page.keyText(row)) came twice (again on page \(number)): the pages overlap, so others may be missing; "
          + "read again, ordered by the key")
    }
    if isLast { try checkCount(receipt.rows + UInt64(delivered)) }
    if delivered > 0 {
      if receipt.rows == 0 { receipt.firstKey = page.keyText(0) }
      receipt.lastKey = page.keyText(delivered - 1)
    }
    receipt.pages = number
    receipt.rows += UInt64(delivered)
    receipt.duplicateWindow = keys.isKeyed ? min(receipt.rows, UInt64(KeyWindow.capacity)) : 0
    if isLast { finish() }
    return delivered
  }

  private mutating func checkLink(_ next: String, number: UInt32, isEmpty: Bool) throws(S4Error) {
    guard seenLinks.insert(next.hashValue).inserted else {
      throw fail("page \(number) links to a page that was read before: the service goes in circles; ask its provider")
    }
    emptyPagesInARow = isEmpty ? emptyPagesInARow + 1 : 0
    guard emptyPagesInARow < Self.maximumEmptyPages else {
      throw fail(
        "\(emptyPagesInARow) empty pages came in a row, each with a next link: the service goes in circles; ask its "
          + "provider")
    }
  }

  /// $inlinecount counts what the filter finds, whatever $top.
  private mutating func checkCount(_ rows: UInt64) throws(S4Error) {
    guard let count = receipt.serverCount else { return }
    let expected = top == 0 ? UInt64(count) : min(top, UInt64(count))
    guard rows == expected else {
      throw fail(
        "the server counted \(expected) rows and its pages brought \(rows): rows are missing, or the data changed while "
          + "it was read; read again")
    }
  }

  /// `top` rows have come.
  var isFull: Bool { top > 0 && receipt.rows >= top }

  mutating func fail() {
    receipt.verdict = .failed
    receipt.text = "The read ended with an error after \(receipt.rows) rows: what came is no complete set."
  }

  /// Takes over what the requests cost.
  mutating func account(_ tally: Exchange.Tally, mints: UInt64, unused: UInt64, elapsed: Int64) {
    receipt.requests = tally.requests
    receipt.retries = tally.retries
    receipt.bytesWire = UInt64(clamping: tally.bytesWire)
    receipt.bytes = UInt64(clamping: tally.bytes)
    receipt.mints = mints
    receipt.mintsUnused = unused
    receipt.elapsedMilliseconds = elapsed
  }

  private mutating func finish() {
    let pages =
      "\(receipt.rows) \(receipt.rows == 1 ? "row" : "rows") in \(receipt.pages) \(receipt.pages == 1 ? "page" : "pages"): "
    let chain = "no key came twice\(windowNote)"
    if let count = receipt.serverCount {
      receipt.verdict = .completeCounted
      receipt.text =
        pages + "the server's count of \(count)" + (isFull ? ", bounded by top," : "")
        + " is met, the chain of pages is "
        + "unbroken and \(chain). A row that changed while the pages were read may show its old or its new state."
    } else if isFull {
      receipt.verdict = .completeCounted
      receipt.text = pages + "as many as top asked for, the chain of pages is unbroken that far and \(chain)."
    } else {
      receipt.verdict = .chainUnbroken
      let why =
        countFailed ? "The service could not count" : asksCount ? "The service gave no count" : "No count was asked"
      receipt.text =
        pages
        + "the chain of pages is unbroken to its end and \(chain). \(why), so completeness rests on the service's "
        + "own paging."
    }
  }

  private var windowNote: String {
    if !keys.isKeyed, receipt.rows > 0 { return " as far as can be told: these rows have no key" }
    return receipt.rows > UInt64(KeyWindow.capacity) ? " among any \(KeyWindow.capacity) rows in a row" : ""
  }

  private mutating func fail(_ message: String) -> S4Error {
    fail()
    return S4Error(.readInconsistent, message, outcome: .processed)
  }
}

/// The keys of the last rows, as hashes: memory is bounded, whatever the number of rows.
struct KeyWindow: Sendable {
  static let capacity = 131_072

  private var ring: [RowKey] = []
  private var oldest = 0
  private var present: Set<RowKey> = []
  private(set) var isKeyed = false

  /// - Parameter key: nil for a row without a key, which is never a duplicate.
  /// - Returns: false where the key is in the window already.
  mutating func insert(_ key: RowKey?) -> Bool {
    guard let key else { return true }
    isKeyed = true
    guard present.insert(key).inserted else { return false }
    if ring.count < Self.capacity {
      ring.append(key)
    } else {
      present.remove(ring[oldest])
      ring[oldest] = key
      oldest = (oldest + 1) % Self.capacity
    }
    return true
  }
}
