// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets
import TestSupport
import Testing

@testable import Vault

#if canImport(Glibc)
  import Glibc
#endif

/// What `allow_shared_file` admits and what not; the other rules are those of `KeyEncryptionKeyTests`.
@Suite struct KeyFileTests {
  private let directory = TemporaryDirectory()
  private var path: String { directory.path + "/key" }
  private let raw = (0..<32).map { UInt8($0 &* 7 &+ 1) }

  @Test(arguments: [0o400, 0o600, 0o440, 0o444, 0o640, 0o644, 0o604, 0o755] as [mode_t])
  func aSharedFileThatOthersMayReadIsTaken(_ mode: mode_t) throws {
    File.write(raw, to: path, mode: mode)
    #expect(try KeyFile.read(path, allowsShared: true) == SecretBytes(copying: raw))
  }

  @Test(arguments: [0o620, 0o602, 0o660, 0o666, 0o622, 0o777] as [mode_t])
  func aFileThatOthersMayWriteIsNeverTaken(_ mode: mode_t) throws {
    File.write(raw, to: path, mode: mode)
    for allowsShared in [false, true] {
      let error = try #require(fault { _ = try KeyFile.read(path, allowsShared: allowsShared) })
      #expect(error.code == .vaultKeyRefused)
      #expect(error.message.contains(Display.mode(mode)))
      #expect(error.message.contains("others may change it: chmod 600"))
    }
  }

  @Test func withoutTheFlagTheMessageNamesIt() throws {
    File.write(raw, to: path, mode: 0o444)
    symlink(path, directory.path + "/link")
    for name in ["key", "link"] {
      let error = try #require(fault { _ = try KeyFile.read(directory.path + "/" + name) })
      #expect(error.code == .vaultKeyRefused)
      #expect(error.message.contains("allow_shared_file"))
    }
  }

  /// key -> ..data/key, ..data -> ..2026: as the kubelet mounts a secret.
  @Test func aLinkIsFollowedWhereItIsAllowedAndItsTargetIsJudged() throws {
    mkdir(directory.path + "/..2026", 0o755)
    defer {
      unlink(directory.path + "/..2026/key")
      unlink(directory.path + "/..data")
      rmdir(directory.path + "/..2026")
    }
    symlink("..2026", directory.path + "/..data")
    symlink("..data/key", path)
    File.write(raw, to: directory.path + "/..2026/key", mode: 0o444)
    #expect(try KeyFile.read(path, allowsShared: true) == SecretBytes(copying: raw))
    chmod(directory.path + "/..2026/key", 0o666)
    #expect(fault { _ = try KeyFile.read(path, allowsShared: true) }?.message.contains("0666") == true)
  }

  @Test func theOtherRulesHoldForASharedFileToo() throws {
    symlink("loop", directory.path + "/loop")
    symlink("nowhere", directory.path + "/dangling")
    mkdir(directory.path + "/directory", 0o700)
    mkfifo(directory.path + "/pipe", 0o600)
    File.write([1, 2, 3], to: directory.path + "/short", mode: 0o444)
    let words = [
      "loop": "lead back to themselves", "dangling": "no such file", "directory": "no regular file",
      "pipe": "no regular file", "short": "3 bytes",
    ]
    for (name, word) in words {
      let error = fault { _ = try KeyFile.read(directory.path + "/" + name, allowsShared: true) }
      #expect(error?.code == .vaultKeyRefused)
      #expect(error?.message.contains(word) == true, "\(name): \(error?.message ?? "")")
    }
    for path in ["", "a\u{0}b", "/dev/null"] {
      #expect(fault { _ = try KeyFile.read(path, allowsShared: true) }?.code == .vaultKeyRefused)
    }
  }

  /// Who owns a file can change it, whatever its mode.
  @Test func aSharedFileOfAnotherUserIsRefused() throws {
    File.write(raw, to: path, mode: 0o444)
    guard geteuid() == 0, chown(path, 65_534, 65_534) == 0 else { return }
    let error = try #require(fault { _ = try KeyFile.read(path, allowsShared: true) })
    #expect(error.code == .vaultKeyRefused)
    #expect(error.message.contains("65534"))
  }
}
