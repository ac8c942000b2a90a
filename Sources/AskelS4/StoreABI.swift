// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif
import Basics
import CAskelS4
import Vault

/// The product's database behind `askel_s4_store`: turns its C callbacks into those of a `CallbackStore`. They run
/// outside of the gate.
///
/// `@unchecked Sendable`: `isFreed` is behind its lock, nothing else changes, and the header says that callbacks and
/// userdata are used by several threads at once.
final class ProductStore: @unchecked Sendable {
  private let given: askel_s4_store
  private let confirms: Bool
  private let isFreed = Locked(false)
  private let guardian = ForkGuard()
  private var userdata: UnsafeMutableRawPointer? { given.userdata }

  private init(_ given: askel_s4_store) {
    self.given = given
    confirms = given.confirms != 0
  }

  deinit {
    // A net: `CallbackStore.close` frees it, since the last reference may go on any thread, in the gate or out of it.
    free()
  }

  /// Makes a store of what the product gave. Its `close` frees the product's userdata: on a thread of the caller's,
  /// inside the gate, with no lock held.
  /// - Throws: `invalidArgument`; the userdata is freed, except where `struct_size` is wrong, so that its place is not
  ///   known.
  static func make(_ pointer: UnsafePointer<askel_s4_store>?) throws(S4Error) -> CallbackStore {
    var given = askel_s4_store()
    try Argument.options(pointer, "store", firstSize: MemoryLayout<askel_s4_store>.size, into: &given)
    let product = ProductStore(given)
    do throws(S4Error) {
      guard let get = given.get, let list = given.list, let commit = given.commit else {
        throw .invalidArgument("store", "one of get, list and commit is NULL")
      }
      _ = try Argument.flag(given.confirms, "confirms")
      let title = try Argument.optionalText(given.title, "title") ?? "the product's store"
      guard 1...256 ~= title.utf8.count else {
        throw .invalidArgument("title", title.isEmpty ? "is empty" : "has over 256 bytes")
      }
      return CallbackStore(
        title: title,
        callbacks: CallbackStore.Callbacks(
          get: { key throws(CallbackStore.Failure) in
            let sink = CallbackSink(recordLimit: 1)
            try product.run(sink) { get(product.userdata, key, $0) }
            return sink.records
          },
          list: { prefix, after, limit throws(CallbackStore.Failure) in
            let sink = CallbackSink(recordLimit: limit)
            try product.run(sink) { handle in
              guard let after else { return list(product.userdata, prefix, nil, limit, handle) }
              return list(product.userdata, prefix, after, limit, handle)
            }
            return sink.records
          },
          commit: { parts throws(CallbackStore.Failure) in
            try product.run(CallbackSink(), other: ASKEL_S4_STORE_CONFLICT) { handle in
              withChanges(of: parts) { commit(product.userdata, $0.baseAddress, $0.count, handle) }
            }
          },
          pause: { microseconds in _ = ForkGate.outside { usleep(microseconds) } },
          free: { ForkGate.outside { product.free() } }))
    } catch {
      ForkGate.outside { product.free() }
      throw error
    }
  }

  /// - Parameter other: a number beside 0 that is no failure.
  /// - Returns: whether the callback returned 0.
  @discardableResult
  private func run(
    _ sink: CallbackSink, other: Int32? = nil, _ callback: (OpaquePointer) -> Int32
  ) throws(CallbackStore.Failure) -> Bool {
    let code: Int32
    do throws(S4Error) {
      code = try sink.run(callback)
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

  /// Frees the product's userdata, the first time. Outside of the gate.
  private func free() {
    // What a child of a fork inherited is its parent's.
    guard !guardian.isForked else { return }
    let isFirst = isFreed.withLock { isFreed in
      defer { isFreed = true }
      return !isFreed
    }
    if isFirst { given.free_fn?(userdata) }
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
