// SPDX-License-Identifier: Apache-2.0

import Basics
import TestSupport
import Testing

@testable import Vault

#if canImport(Glibc)
  import Glibc
#endif

/// Tests that fork: see `VaultForkTests`.
@Suite(.serialized) struct SQLiteStoreForkTests {
  private let directory = TemporaryDirectory()

  private func open() throws -> SQLiteStore {
    try SQLiteStore(path: directory.vault, readOnly: false, checksIntegrity: false)
  }

  /// Runs a body in a child process.
  /// - Returns: its status; nil where it was ended by a signal, also after 30 seconds.
  private func inChild(_ body: () -> Int32) -> Int32? {
    let child = fork()
    if child == 0 {
      var none = sigset_t()
      sigemptyset(&none)
      sigprocmask(SIG_SETMASK, &none, nil)
      alarm(30)
      _exit(body())
    }
    var status: Int32 = -1
    guard child > 0, waitpid(child, &status, 0) == child, status & 0x7F == 0 else { return nil }
    return status >> 8 & 0xFF
  }

  /// What a descriptor of this process leads to.
  private func target(_ descriptor: Int) -> String? {
    var buffer = [CChar](repeating: 0, count: 4_096)
    let count = readlink("/proc/self/fd/\(descriptor)", &buffer, buffer.count)
    return count > 0 ? String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self) : nil
  }

  @Test func aFullDiskLeavesWhatWasStored() throws {
    try open().put("a", [1])
    let path = directory.vault
    let status = inChild {
      signal(SIGXFSZ, SIG_IGN)
      var limit = rlimit()
      getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
      let unlimited = limit
      limit.rlim_cur = 100_000
      guard setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0 else { return 1 }
      let large = [UInt8](repeating: 7, count: 300_000)
      var step: Int32 = 2
      let error = fault {
        let store = try SQLiteStore(path: path, readOnly: false, checksIntegrity: false)
        for _ in 0..<3 {
          let refusal = fault { try store.change { _ in [.put(key: "b", value: large), .put(key: "a", value: [9])] } }
          guard refusal?.code == .vaultUnavailable, refusal?.isRetryable == true else { return }
          step = 3
          guard try store.get("a")?.value == [1], try store.get("b") == nil else { return }
          step = 4
          // What is small may still fit.
          _ = fault { try store.put("c", [3]) }
        }
        guard fault({ try store.backup(to: path + ".copy") }) == nil || access(path + ".copy", F_OK) != 0 else {
          return
        }
        guard setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), [unlimited]) == 0 else { return }
        step = 5
        try store.put("b", large)
        guard try store.get("b")?.value == large, try store.get("a")?.version == 1 else { return }
        try store.proveSound()
        step = 0
      }
      return error == nil ? step : step + 10
    }
    #expect(status == 0)
    let store = try open()
    #expect(try store.get("a")?.value == [1])
    #expect(try store.get("b")?.value.count == 300_000)
    try store.proveSound()
  }

  @Test func aChildOpensTheFileAnewAndNoCommitIsLost() throws {
    // As every entry from outside does.
    let store = try ForkGate.within { try open() }
    try store.put("a", [1])
    let path = directory.vault
    let status = inChild {
      var step: Int32 = 1
      let error = fault {
        guard fault({ _ = try store.get("a") }) == .forked, fault({ try store.put("a", [2]) }) == .forked else {
          return
        }
        store.close()
        // SQLite must not come across with the file open: it would believe that it has the parent's locks.
        guard (3..<256).allSatisfy({ !(self.target($0)?.hasPrefix(path) ?? false) }) else { return }
        step = 2
        let own = try SQLiteStore(path: path, readOnly: false, checksIntegrity: true)
        for round in 0..<50 as Range<UInt8> { try own.put("child", [round]) }
        own.close()
        step = 0
      }
      return error == nil ? step : step + 10
    }
    #expect(status == 0)
    #expect(try store.get("child")?.version == 50)
    try store.put("a", [2])
    #expect(try open().get("a")?.version == 2)
  }

  @Test func aMigrationThatIsKilledLeavesFormatOne() throws {
    for moment in 0..<4 as Range<Int32> {
      for suffix in ["", "-wal", "-shm"] { unlink(directory.vault + suffix) }
      File.write(Fixture.formatOne, to: directory.vault)
      let path = directory.vault
      let status = inChild {
        let error = fault {
          let store = try SQLiteStore(path: path, readOnly: false, checksIntegrity: false)
          try store.migrateFromFormatOne { (content) throws(S4Error) in
            if moment == 0 { _exit(77) }
            // Enough to be written before the commit: SQLite's cache has 2 MB.
            let many = (0..<(moment == 1 ? 1 : 20_000)).map { number -> StoreChange in
              .put(key: "c/\(number)", value: [UInt8](repeating: 1, count: 600))
            }
            // The kernel ends it while the records are being put.
            if moment > 1 {
              var timer = itimerval(
                it_interval: timeval(), it_value: timeval(tv_sec: 0, tv_usec: 20_000 * Int(moment)))
              signal(SIGALRM) { _ in _exit(77) }
              setitimer(__itimer_which_t(0), &timer, nil)
            }
            return many
          }
          if moment == 1 { _exit(77) }
        }
        return error == nil ? 1 : 2
      }
      #expect(status == 77 || moment > 1)
      let store = try open()
      let format = try store.format
      #expect(moment == 1 ? format == 2 : format == 1 || moment > 1)
      if format == 1 {
        try store.migrateFromFormatOne { (content) throws(S4Error) in
          guard content.connections.count == 3 else { throw S4Error(.conflict, "a connection is missing") }
          return [.put(key: "vault", value: [1])]
        }
        #expect(try store.get("vault") != nil)
      }
      try store.proveSound()
      store.close()
    }
  }
}
