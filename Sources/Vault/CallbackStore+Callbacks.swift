// SPDX-License-Identifier: Apache-2.0

import Basics

extension CallbackStore {
  /// What the product gave to reach its database. Each is called by several threads at once; nothing that they give is
  /// trusted.
  package struct Callbacks: Sendable {
    let get: @Sendable (_ key: String) throws(Failure) -> [StoredRecord]
    let list: @Sendable (_ prefix: String, _ after: String?, _ limit: Int) throws(Failure) -> [StoredRecord]
    let commit: @Sendable ([Part]) throws(Failure) -> Bool
    let pause: @Sendable (_ microseconds: UInt32) -> Void
    let free: @Sendable () -> Void

    /// - Parameters:
    ///   - get: gives the record of a key, or none.
    ///   - list: as `StoreView.list`.
    ///   - commit: carries out all parts or none; false where a record is not at its expected version.
    ///   - pause: sleeps, so that another writer comes to its end.
    ///   - free: called exactly once, when the others are needed no more.
    package init(
      get: @escaping @Sendable (_ key: String) throws(Failure) -> [StoredRecord],
      list: @escaping @Sendable (_ prefix: String, _ after: String?, _ limit: Int) throws(Failure) -> [StoredRecord],
      commit: @escaping @Sendable ([Part]) throws(Failure) -> Bool,
      pause: @escaping @Sendable (_ microseconds: UInt32) -> Void,
      free: @escaping @Sendable () -> Void
    ) {
      self.get = get
      self.list = list
      self.commit = commit
      self.pause = pause
      self.free = free
    }
  }

  /// Why a callback gave nothing.
  package enum Failure: Error, Equatable, Sendable {
    /// The product says that it cannot; why, on one line, where it gave a reason.
    case refused(String?)
    /// What it gave is not fit to be looked at, or the process is another one by now.
    case fault(S4Error)
  }

  /// One record's part in a change that comes whole or not at all.
  package struct Part: Equatable, Sendable {
    package enum Action: Equatable, Sendable {
      /// Makes the record, or gives it this value and version.
      case put(value: [UInt8], version: Int64)
      case delete
      /// Leaves it: only that it still has the expected version counts.
      case keep
    }

    package let key: String
    /// 0: there is no such record.
    package let expectedVersion: Int64
    package let action: Action
  }
}
