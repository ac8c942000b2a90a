// SPDX-License-Identifier: Apache-2.0

import Basics
import OData
import Testing

@testable import Connector
@testable import HTTP

/// A service of one entity set with a key, as small as `$metadata` can be.
private func orderType() throws(S4Error) -> EntityType {
  let document = """
    <edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx"><edmx:DataServices>
    <Schema Namespace="S" xmlns="http://schemas.microsoft.com/ado/2008/09/edm">
    <EntityType Name="OrderType"><Key><PropertyRef Name="Order"/></Key><Property Name="Order" Type="Edm.String"/></EntityType>
    <EntityContainer Name="C"><EntitySet Name="Orders" EntityType="S.OrderType"/></EntityContainer>
    </Schema></edmx:DataServices></edmx:Edmx>
    """
  let metadata = Array(document.utf8).withUnsafeBytes { bytes in
    Result { () throws(S4Error) in try Metadata.parse(bytes) }
  }
  return try metadata.get().entityType(ofSet: "Orders")
}

private func page(_ keys: some Sequence<Int>, count: Int? = nil) throws(S4Error) -> PageBuffer {
  let rows = keys.map { #"{"Order":"\#($0)"}"# }.joined(separator: ",")
  let counted = count.map { #","__count":"\#($0)""# } ?? ""
  let body = Body()
  _ = Array(#"{"d":{"results":[\#(rows)]\#(counted)}}"#.utf8).withUnsafeBytes { body.append($0) }
  return try PageBuffer(body, type: try orderType())
}

/// Enters pages as a chain: page N was asked for at "/N".
private func read(
  _ ledger: inout ReadLedger, _ pages: [PageBuffer], countFailed: Bool = false
) throws(S4Error) -> [Int] {
  var delivered: [Int] = []
  for (index, page) in pages.enumerated() {
    let next = index + 1 < pages.count ? "/\(index + 1)" : nil
    delivered.append(try ledger.enter(page, target: "/\(index)", next: next, countFailed: countFailed))
  }
  return delivered
}

private func failure(_ body: () throws(S4Error) -> Void) -> S4Error? {
  do throws(S4Error) {
    try body()
    return nil
  } catch {
    return error
  }
}

@Suite struct ReadLedgerTests {
  @Test func unbrokenChainWithoutCountIsNoProofOfCompleteness() throws {
    var ledger = ReadLedger(top: 0, asksCount: false)
    let delivered = try read(&ledger, [try page(1...3), try page(4...5)])
    #expect(delivered == [3, 2])
    #expect(ledger.receipt.verdict == .chainUnbroken)
    #expect(ledger.receipt.rows == 5 && ledger.receipt.pages == 2)
    #expect(ledger.receipt.firstKey == "Order='1'" && ledger.receipt.lastKey == "Order='5'")
    #expect(ledger.receipt.text.holds("No count was asked"))
  }

  @Test func countThatIsMetIsComplete() throws {
    var ledger = ReadLedger(top: 0, asksCount: true)
    _ = try read(&ledger, [try page(1...3, count: 5), try page(4...5)])
    #expect(ledger.receipt.verdict == .completeCounted)
    #expect(ledger.receipt.serverCount == 5)
  }

  @Test func shortReadIsAnErrorAndDeliversNothingOfItsLastPage() throws {
    var ledger = ReadLedger(top: 0, asksCount: true)
    let pages = [try page(1...3, count: 6), try page(4...5)]
    let error = failure { () throws(S4Error) in _ = try read(&ledger, pages) }
    #expect(error?.code == .readInconsistent)
    #expect(error?.message.holds("counted 6") == true && error?.message.holds("brought 5") == true)
    #expect(ledger.receipt.verdict == .failed && ledger.receipt.rows == 3)
  }

  @Test func countThatFailedDoesNotFailTheReadAndIsSaid() throws {
    var ledger = ReadLedger(top: 0, asksCount: true)
    _ = try read(&ledger, [try page(1...3)], countFailed: true)
    #expect(ledger.receipt.verdict == .chainUnbroken)
    #expect(ledger.receipt.text.holds("could not count"))
  }

  @Test func rowThatComesTwiceIsAnErrorThatNamesIt() throws {
    var ledger = ReadLedger(top: 0, asksCount: false)
    let pages = [try page(1...3), try page(3...5)]
    let error = failure { () throws(S4Error) in _ = try read(&ledger, pages) }
    #expect(error?.code == .readInconsistent)
    #expect(error?.message.holds("Order='3'") == true)
    #expect(ledger.receipt.duplicates == 1 && ledger.receipt.rows == 3)
  }

  @Test func linkToAPageThatWasReadIsAnError() throws {
    var ledger = ReadLedger(top: 0, asksCount: false)
    _ = try ledger.enter(try page(1...2), target: "/a", next: "/b", countFailed: false)
    for circle in ["/a", "/b"] {
      let again = try page(3...4)
      let error = failure { () throws(S4Error) in
        _ = try ledger.enter(again, target: "/b", next: circle, countFailed: false)
      }
      #expect(error?.code == .readInconsistent)
      #expect(ledger.receipt.rows == 2)
    }
  }

  @Test func endlessEmptyPagesAreAnError() throws {
    var ledger = ReadLedger(top: 0, asksCount: false)
    let empty = try page([Int]())
    let error = failure { () throws(S4Error) in
      for number in 0..<1_000 {
        _ = try ledger.enter(empty, target: "/\(number)", next: "/\(number + 1)", countFailed: false)
      }
    }
    #expect(error?.message.holds("empty pages") == true)
  }

  @Test func emptyLastPageIsFine() throws {
    var ledger = ReadLedger(top: 0, asksCount: true)
    let delivered = try read(&ledger, [try page(1...2, count: 2), try page([Int]())])
    #expect(delivered == [2, 0])
    #expect(ledger.receipt.verdict == .completeCounted)
  }

  @Test func topCutsAPageAndIsEnough() throws {
    var ledger = ReadLedger(top: 4, asksCount: false)
    let first = try ledger.enter(try page(1...3), target: "/0", next: "/1", countFailed: false)
    #expect(first == 3 && !ledger.isFull)
    let second = try ledger.enter(try page(4...9), target: "/1", next: "/2", countFailed: false)
    #expect(second == 1)
    #expect(ledger.isFull && ledger.receipt.verdict == .completeCounted)
    #expect(ledger.receipt.lastKey == "Order='4'")
  }

  @Test func topBoundsTheCountThatIsExpected() throws {
    var ledger = ReadLedger(top: 10, asksCount: true)
    _ = try read(&ledger, [try page(1...3, count: 3)])
    #expect(ledger.receipt.verdict == .completeCounted)
    var short = ReadLedger(top: 2, asksCount: true)
    _ = try read(&short, [try page(1...2, count: 4_200)])
    #expect(short.receipt.verdict == .completeCounted)
  }

  @Test func keyWindowIsBoundedAndSaysSo() throws {
    var window = KeyWindow()
    let keys = try page(0..<1_000)
    let areNew = (0..<1_000).map { window.insert(keys.key($0)) }
    #expect(areNew.allSatisfy { $0 })
    let isNewAgain = window.insert(keys.key(0))
    #expect(!isNewAgain)
    let isKeylessNew = window.insert(nil)
    #expect(isKeylessNew)
  }
}
