// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif
import Basics
import CAskelS4
import Vault

/// An `askel_s4_store` that came with a call.
///
/// Make it first, before anything of the call can fail: what the product gave for its callbacks is then freed whatever
/// becomes of the call.
struct StoreArgument {
  /// Whether there is one at all.
  let isGiven: Bool
  /// The member of the call's options: "store".
  private let name: String
  private var given = askel_s4_store()
  private var userdata: Userdata?
  private var fault: S4Error?

  /// - Parameter pointer: NULL where none is given. One whose struct_size is wrong is not taken: nothing in it can be
  ///   relied upon.
  init(_ pointer: UnsafePointer<askel_s4_store>?, _ name: String) {
    self.name = name
    isGiven = pointer != nil
    guard isGiven else { return }
    do throws(S4Error) {
      try Argument.options(pointer, name, firstSize: MemoryLayout<askel_s4_store>.size, into: &given)
      userdata = Userdata(given.userdata, free: given.free_fn)
    } catch {
      fault = error
    }
  }

  /// Makes the store that the vault is kept in. Nothing of the product's is run.
  /// - Throws: `.invalidArgument` that names the member.
  func store() throws(S4Error) -> CallbackStore {
    if let fault { throw fault }
    guard let userdata else { throw .invalidArgument(name, "is NULL") }
    let title = try Argument.optionalText(given.title, name + ".title") ?? "the product's store"
    guard 1...256 ~= title.utf8.count else {
      throw .invalidArgument(name + ".title", title.isEmpty ? "is empty" : "has over 256 bytes")
    }
    guard title.unicodeScalars.allSatisfy({ $0.value >= 0x20 && !(0x7F...0x9F ~= $0.value) }) else {
      throw .invalidArgument(name + ".title", "holds a control character")
    }
    guard let get = given.get else { throw .invalidArgument(name + ".get", "is missing (NULL)") }
    guard let list = given.list else { throw .invalidArgument(name + ".list", "is missing (NULL)") }
    guard let commit = given.commit else { throw .invalidArgument(name + ".commit", "is missing (NULL)") }
    let product = ProductStore(userdata, confirms: try Argument.flag(given.confirms, name + ".confirms"))
    return CallbackStore(
      title: title,
      callbacks: CallbackStore.Callbacks(
        get: { key throws(CallbackStore.Failure) in
          let sink = CallbackSink(recordLimit: 1)
          try product.run(sink) { get($0, key, $1) }
          return sink.records
        },
        list: { prefix, after, limit throws(CallbackStore.Failure) in
          let sink = CallbackSink(recordLimit: limit)
          try product.run(sink) { userdata, handle in
            guard let after else { return list(userdata, prefix, nil, limit, handle) }
            return list(userdata, prefix, after, limit, handle)
          }
          return sink.records
        },
        commit: { parts throws(CallbackStore.Failure) in
          try product.run(CallbackSink(), other: ASKEL_S4_STORE_CONFLICT) { userdata, handle in
            withChanges(of: parts) { commit(userdata, $0.baseAddress, $0.count, handle) }
          }
        },
        pause: { microseconds in _ = ForkGate.outside { usleep(microseconds) } },
        free: { product.letGo() }))
  }
}

/// The product's side of a store: its callbacks are run outside of the gate.
private final class ProductStore: Sendable {
  private let confirms: Bool
  private let userdata: Locked<Userdata?>

  init(_ userdata: Userdata, confirms: Bool) {
    self.userdata = Locked(userdata)
    self.confirms = confirms
  }

  /// - Parameter other: a number beside 0 that is no failure.
  /// - Returns: whether the callback returned 0.
  @discardableResult
  func run(
    _ sink: CallbackSink, other: Int32? = nil, _ callback: (UnsafeMutableRawPointer?, OpaquePointer) -> Int32
  ) throws(CallbackStore.Failure) -> Bool {
    guard let userdata = userdata.withLock({ $0 }) else { throw .fault(.closed) }
    let code: Int32
    do throws(S4Error) {
      code = try sink.run { callback(userdata.pointer, $0) }
    } catch {
      throw .fault(error)
    }
    if code == other { return false }
    guard code == 0 else { throw .refused(sink.failure) }
    if let fault = sink.fault { throw .fault(fault) }
    guard !confirms || sink.isDone else {
      throw .refused(sink.failure ?? "its callback was cut off before its end (askel_s4_sink_done)")
    }
    return true
  }

  /// The userdata is freed when the callbacks that run now have come to their end.
  func letGo() {
    let last = userdata.withLock { userdata in
      defer { userdata = nil }
      return userdata
    }
    withExtendedLifetime(last) {}
  }
}

/// Lends a change as the header's structs.
private func withChanges(
  of parts: [CallbackStore.Part], _ body: (UnsafeBufferPointer<askel_s4_store_change>) -> Int32
) -> Int32 {
  // Keys, each with its NUL, and values in one block that does not move any more once pointers into it are made.
  var block: [UInt8] = []
  var places: [(key: Int, value: Int)] = []
  for part in parts {
    let key = block.count
    block += Array(part.key.utf8) + [0]
    places.append((key, block.count))
    if case .put(let value, _) = part.action { block += value }
  }
  return block.withUnsafeBytes { bytes in
    guard let base = bytes.bindMemory(to: UInt8.self).baseAddress else { return body(.init(start: nil, count: 0)) }
    let changes = zip(parts, places).map { part, place in
      var change = askel_s4_store_change()
      change.key = UnsafeRawPointer(base + place.key).assumingMemoryBound(to: CChar.self)
      change.expected_version = part.expectedVersion
      switch part.action {
      case .put(let value, let version):
        change.action = Int32(ASKEL_S4_CHANGE_PUT)
        change.version = version
        change.value = base + place.value
        change.size = value.count
      case .delete: change.action = Int32(ASKEL_S4_CHANGE_DELETE)
      case .keep: change.action = Int32(ASKEL_S4_CHANGE_KEEP)
      }
      return change
    }
    return changes.withUnsafeBufferPointer(body)
  }
}
