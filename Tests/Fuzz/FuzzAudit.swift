// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets

@testable import Vault

/// Input: the first byte chooses who reads the rest: as a head's JSON, a sealed event's inside, a moment, or as what
/// stands in a store in place of an entry, of the head, or as one more record.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzAudit(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  let input = UnsafeRawBufferPointer(start: start, count: count)
  guard let choice = input.first else { return 0 }
  let rest = UnsafeRawBufferPointer(rebasing: input.dropFirst())
  switch choice % 10 {
  case 0: readHead(rest)
  case 1: readEvent(rest)
  case 2: readMoment(rest)
  case 3: verify(AuditHeadRecord.key, rest)
  case 4...7: verify(AuditEntryRecord.key(Int64(choice % 10) - 3), rest)
  case 8: verify(AuditEntryRecord.key(6), rest)
  default: verify(AuditEntryRecord.prefix + String(decoding: rest.prefix(100), as: UTF8.self), rest)
  }
  return 0
}

private func readHead(_ bytes: UnsafeRawBufferPointer) {
  guard let head = try? AuditHead(json: String(decoding: bytes, as: UTF8.self)) else { return }
  require(head.count >= 1 && head.generation >= 0 && head.hash.count == 32, "a head is within its bounds")
  require((try? AuditHead(json: head.json)) == head, "a head's text is its own")
}

private func readEvent(_ bytes: UnsafeRawBufferPointer) {
  guard let event = try? AuditEvent.decode(bytes) else { return }
  require(event.generation >= 0 && event.result.utf8.count <= 256, "an event is within its bounds")
  let again = event.encoded.withUnsafeBytes { try? AuditEvent.decode($0) }
  require(again == event, "an event's bytes are its own")
  require(!AuditEntry(number: 1, event: event).json.utf8.contains { $0 < 0x20 }, "an entry is one line")
}

private func readMoment(_ bytes: UnsafeRawBufferPointer) {
  guard let moment = Timestamp(rfc3339: String(decoding: bytes, as: UTF8.self)) else { return }
  require(moment.iso8601.flatMap { Timestamp(rfc3339: $0) } == moment, "a moment's text is its own")
}

/// Puts a value into a trail of five entries: it is found, whatever it is.
private func verify(_ key: String, _ value: UnsafeRawBufferPointer) {
  let store = Records(genuine)
  store.records[key] = Array(value)
  let isGenuine = store.records == genuine
  let nobody = AuditedConnections(all: { () throws(S4Error) in [] }, credentials: { _ throws(S4Error) in nil })
  do throws(S4Error) {
    let report = try trail.verify(in: store, against: nil, connections: nobody)
    require((report.finding == nil) == isGenuine, "what was changed is found")
    require(report.finding?.text.utf8.contains { $0 < 0x20 || $0 == 0x7F } != true, "a finding is one line")
    require(report.entries <= 5, "no entry proves genuine that is none")
  } catch { require(false, "what stands in a store is no error of the verification") }
  do throws(S4Error) {
    _ = try trail.export(in: store, AuditFilter())
  } catch { require(error.code == .vaultCorrupt, "an entry that does not open is named") }
  do throws(S4Error) {
    _ = try trail.append([AuditEvent(.check)], raisesGeneration: false, in: store)
  } catch { require(error.code == .vaultCorrupt, "nothing is written behind a head that was changed") }
}

private let trail = AuditTrail(vaultID: [UInt8](repeating: 1, count: 16), keySet: 1) { version throws(S4Error) in
  guard version == 1 else { throw S4Error(.vaultCorrupt, "there is no such key set") }
  return SecretBytes(copying: [UInt8](repeating: 7, count: 32))
}

private let genuine: [String: [UInt8]] = {
  let store = Records([:])
  for action in [AuditAction.vaultCreated, .check, .rejected, .recovered, .rotateEnded] {
    let event = AuditEvent(action, actor: "anna@example.com", connection: "nordvik", generation: 1)
    for change in (try? trail.append([event], raisesGeneration: true, in: store)) ?? [] {
      if case .put(let key, let value) = change { store.records[key] = value }
    }
  }
  require(store.records.count == 6, "a trail can be written")
  return store.records
}()

/// `@unchecked Sendable`: libFuzzer has one thread.
private final class Records: Store, @unchecked Sendable {
  var records: [String: [UInt8]]
  let title = "the fuzzer's store"
  let needsCallersThread = false
  let readOnlyReason: String? = nil

  init(_ records: [String: [UInt8]]) { self.records = records }

  func get(_ key: String) throws(S4Error) -> StoredRecord? {
    records[key].map { StoredRecord(key: key, version: 1, value: $0) }
  }

  func list(prefix: String, after: String?, limit: Int) throws(S4Error) -> [StoredRecord] {
    let keys = records.keys.filter { $0.utf8.starts(with: prefix.utf8) && $0 > (after ?? "") }
    return keys.sorted().prefix(limit).compactMap { key in
      records[key].map { StoredRecord(key: key, version: 1, value: $0) }
    }
  }

  func change(by deadline: Deadline, _ body: (any StoreView) throws(S4Error) -> [StoreChange]) throws(S4Error) {}
  func proveSound(_ further: (any StoreView) throws(S4Error) -> Void) throws(S4Error) {}
  func close() {}
  func suspend() {}
}
