// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets
import TestSupport
import Testing

@testable import Vault

#if canImport(Glibc)
  import Glibc
#endif

/// Runs a body in a child process.
/// - Returns: whether it came to its end within 20 seconds and gave true.
private func inChild(_ body: () -> Bool) -> Bool {
  let child = fork()
  if child == 0 {
    var none = sigset_t()
    sigemptyset(&none)
    sigprocmask(SIG_SETMASK, &none, nil)
    alarm(20)
    _exit(body() ? 0 : 1)
  }
  var status: Int32 = -1
  return child > 0 && waitpid(child, &status, 0) == child && status == 0
}

/// Tests that fork. They run in a process without other tests (`--filter ForkTests --no-parallel`): in the child of a
/// process where other threads are at work, the Swift runtime's and SQLite's locks may be held for ever.
@Suite(.serialized) struct VaultForkTests {
  private let directory = TemporaryDirectory()

  @Test(arguments: [0, 0o277, 0o077] as [mode_t]) func theUmaskDoesNotMatter(_ mask: mode_t) throws {
    let file = try VaultFile(path: directory.vault)
    // The umask belongs to the whole process: a child's is changed.
    let ended = inChild {
      umask(mask)
      return fault { _ = try file.create { _ in } } == nil
    }
    #expect(ended)
    #expect(File.mode(directory.vault) == 0o600)
  }

  @Test func theUmaskDoesNotMatterForKeyFiles() throws {
    let path = directory.path + "/key"
    let ended = inChild {
      umask(0o277)
      return fault { try KeyFile.create(path) } == nil
    }
    #expect(ended)
    #expect(File.mode(path) == 0o600)
  }

  private final class Held {
    var vault: Vault?
    init(_ vault: Vault) { self.vault = vault }
  }

  @Test func aChildFreesAVaultAndTheParentsGoesOn() throws {
    let path = directory.vault
    let held = Held(try Vault(path: path, key: makeKey()))
    _ = try held.vault?.put(connection: "nordvik", record: secret("s3cret"))
    let descriptors = { () -> Int in (3..<256).count { fcntl($0, F_GETFD) >= 0 } }
    let ended = inChild {
      let open = descriptors()
      let answer = fault { _ = try held.vault?.open(connection: "nordvik") }?.code
      held.vault?.close()
      weak let freed = held.vault
      held.vault = nil
      return answer == .forked && freed == nil && descriptors() == open
    }
    #expect(ended)
    #expect(try held.vault?.open(connection: "nordvik").record == secret("s3cret"))
    #expect(try held.vault?.put(connection: "nordvik", record: secret("again")) == 2)
    #expect(directory.names() == ["vault.db", "vault.db-shm", "vault.db-wal"])
  }
}
