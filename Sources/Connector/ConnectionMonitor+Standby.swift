// SPDX-License-Identifier: Apache-2.0

import Basics
import Vault

// The proven credential that stands beside the live one takes over when the tenant rejects that.
extension ConnectionMonitor {
  /// Makes a standby the live credential, once, whoever else notices the rejection: requests of a crowd, other token
  /// sources, other processes. Its first use is one request at a time, like that of any credential.
  /// - Parameters:
  ///   - from: generation of the credential that was rejected.
  ///   - code: what the tenant said.
  /// - Returns: whether requests go on with the standby.
  func switched(_ connection: String, from: Int64, to standby: Credential, code: String) -> Bool {
    enum Step {
      case settled(Bool)
      case ask(FallOver)
    }
    let now = Timestamp.now
    let step = known.withLock { known -> Step in
      guard var entry = known.live[connection] else { return .settled(false) }
      if entry.generation == standby.generation { return .settled(!entry.isRejected) }
      // A credential that was put meanwhile is not passed over: the next operation has it.
      guard entry.generation == from else { return .settled(false) }
      let beside = known.beside[connection]
      let isRejected =
        beside?.generation == standby.generation
        ? beside?.isRejected ?? false : entry.rejectedBefore.contains(standby.generation)
      guard !isRejected else { return .settled(false) }
      let fallOver = FallOver(
        connection: connection, from: from, to: standby.generation, code: entry.rejectionCode ?? code, at: now)
      var next = entry.successor(standby, known: beside, at: now)
      (next.fallOver, next.isFallingOver) = (fallOver, true)
      entry.isRejected = true
      known.live[connection] = next
      known.beside[connection] = entry
      return .ask(fallOver)
    }
    return switch step {
    case .settled(let stands): stands
    case .ask(let fallOver): offer(fallOver, onCallersThread: false)
    }
  }

  /// The generation that counts in this process: that of the standby where the vault could not be told of it yet.
  /// - Parameter stored: the live one's, as the vault has it.
  func generation(_ connection: String, stored: Int64) -> Int64 {
    known.withLock { known in
      guard let fallOver = known.live[connection]?.fallOver, fallOver.from == stored else { return stored }
      return fallOver.to
    }
  }

  /// Offers the vault a fall-over that this process has made.
  /// - Returns: whether it stands.
  func offer(_ fallOver: FallOver, onCallersThread: Bool) -> Bool {
    let canKeep = canKeep(onCallersThread: onCallersThread)
    let verdict = Result { () throws(S4Error) in try keepFallOver(fallOver, !onCallersThread) }
    let wasOffered = known.withLock { known -> Bool in
      guard var entry = known.live[fallOver.connection], entry.fallOver == fallOver else { return true }
      let wasOffered = entry.wasOffered
      entry.isFallingOver = false
      entry.wasOffered = entry.wasOffered || canKeep
      entry.version += 1
      switch verdict {
      case .success(.taken), .success(.standing): entry.fallOver = nil
      case .failure: break
      case .success(.refused):
        // Back to what was: the vault's word follows with the next operation.
        entry.fallOver = nil
        if var former = known.beside[fallOver.connection], former.generation == fallOver.from {
          former.version = entry.version
          known.beside[fallOver.connection] = nil
          known.live[fallOver.connection] = former
          return wasOffered
        }
      }
      known.live[fallOver.connection] = entry
      return wasOffered
    }
    switch verdict {
    case .success(.taken): tellSwitched(fallOver)
    case .success(.standing): break
    case .success(.refused): return false
    case .failure(let error):
      // It stands in this process; the event says, once, that others do not know it.
      if keepsNothing {
        if !wasOffered { tellSwitched(fallOver) }
      } else if !canKeep {
        events.wake()
      } else if !wasOffered, error.code != .closed {
        let state = known.withLock { $0.live[fallOver.connection]?.state ?? .active }
        tellUnsaved(fallOver.connection, to: state, at: fallOver.at, error)
      }
    }
    return true
  }
}
