// SPDX-License-Identifier: Apache-2.0

import Basics

/// What a request needs before it may carry its credential.
package struct Turn: Sendable {
  /// How many requests with a credential may be under way now.
  package enum Passage: Sendable {
    case free
    case limited(to: Int)
    case refused(S4Error)
  }

  /// Names the credential: requests with the same key wait for each other.
  package let key: String
  /// Asked on the I/O thread each time that a turn comes up; it does not block.
  package let passage: @Sendable () -> Passage

  package init(key: String, passage: @escaping @Sendable () -> Passage) {
    self.key = key
    self.passage = passage
  }
}

/// Lets requests with an unproven credential through one after the other: SAP locks a user after three failed logons,
/// and a crowd that starts together with a wrong password would be over that line before the first answer.
/// For the I/O thread alone.
struct Turnstile {
  enum Admission {
    case go
    case wait
    case refused(S4Error)
  }

  private var underWay = TextMap<Int>()
  private(set) var waiting: [Transfer] = []

  /// Lets a transfer pass, or keeps it among those that wait.
  mutating func admit(_ transfer: Transfer) -> Admission {
    guard let turn = transfer.request.turn else { return .go }
    switch turn.passage() {
    case .refused(let error): return .refused(error)
    case .limited(let limit) where underWay[turn.key, default: 0] >= limit:
      waiting.append(transfer)
      return .wait
    case .limited, .free:
      underWay[turn.key, default: 0] += 1
      return .go
    }
  }

  /// A transfer that passed has come to its end.
  mutating func leave(_ transfer: Transfer) {
    guard let key = transfer.request.turn?.key, let count = underWay[key] else { return }
    underWay[key] = count > 1 ? count - 1 : nil
  }

  /// Gives those that wait, in their order, to be admitted anew.
  mutating func takeWaiting() -> [Transfer] {
    defer { waiting = [] }
    return waiting
  }

  mutating func remove(_ id: UInt64) -> Transfer? {
    waiting.firstIndex { $0.id == id }.map { waiting.remove(at: $0) }
  }

  /// Milliseconds until the first of those that wait has no time left; nil where nobody waits.
  var patience: Int64? { waiting.map(\.request.deadline).min()?.remainingMilliseconds }
}
