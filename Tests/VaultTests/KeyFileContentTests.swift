// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets
import TestSupport
import Testing

@testable import Vault

#if canImport(Glibc)
  import Glibc
#endif

@Suite struct KeyFileContentTests {
  private let directory = TemporaryDirectory()
  private var path: String { directory.path + "/key" }
  private let raw = (0..<32).map { UInt8($0 &* 7 &+ 1) }
  private var digits: [UInt8] { Array(Display.hex(raw).utf8) }

  @Test func rawAndHexadecimalGiveTheSameKey() throws {
    let key = SecretBytes(copying: raw)
    File.write(raw, to: path)
    #expect(try KeyFile.read(path, allowsShared: false) == key)
    for form in [digits, digits + [0x0A], Array(Display.hex(raw).uppercased().utf8)] {
      File.write(form, to: path, mode: 0o400)
      #expect(try KeyFile.read(path, allowsShared: false) == key)
      unlink(path)
    }
  }

  @Test(arguments: [0, 1, 31, 33, 63, 66, 67, 1_000_000]) func anotherLengthIsRefused(_ count: Int) throws {
    File.write([UInt8](repeating: UInt8(ascii: "a"), count: count), to: path)
    let error = try #require(fault { _ = try KeyFile.read(path, allowsShared: false) })
    #expect(error.code == .vaultKeyRefused)
    #expect(error.message.contains(count > 65 ? "more than 65 bytes" : "\(count) bytes"))
    #expect(error.message.contains(path))
  }

  @Test func whatIsNotHexadecimalIsRefused() throws {
    let forms = [
      Array(digits.dropLast()) + [UInt8(ascii: "g")], digits + [UInt8(ascii: " ")], [0x0A] + digits,
      [UInt8](repeating: 0, count: 64),
    ]
    for form in forms {
      File.write(form, to: path)
      let error = try #require(fault { _ = try KeyFile.read(path, allowsShared: false) })
      #expect(error.code == .vaultKeyRefused)
      #expect(!error.message.contains(Display.hex(raw)))
    }
  }

  @Test(arguments: [0o644, 0o640, 0o604, 0o660, 0o666, 0o777, 0o610, 0o601] as [mode_t])
  func aFileThatOthersMayUseIsRefused(_ mode: mode_t) throws {
    File.write(raw, to: path, mode: mode)
    let error = try #require(fault { _ = try KeyFile.read(path, allowsShared: false) })
    #expect(error.code == .vaultKeyRefused)
    #expect(error.message.contains(Display.mode(mode)))
    #expect(error.message.contains("chmod 600"))
  }

  @Test func aFileOfAnotherUserIsRefused() throws {
    File.write(raw, to: path)
    guard geteuid() == 0, chown(path, 65_534, 65_534) == 0 else { return }
    let error = try #require(fault { _ = try KeyFile.read(path, allowsShared: false) })
    #expect(error.code == .vaultKeyRefused)
    #expect(error.message.contains("65534"))
  }

  @Test func whatIsNoRegularFileIsRefused() throws {
    File.write(raw, to: path)
    symlink(path, directory.path + "/link")
    mkdir(directory.path + "/directory", 0o700)
    mkfifo(directory.path + "/pipe", 0o600)
    for (name, word) in [("link", "symbolic link"), ("directory", "no regular file"), ("pipe", "no regular file")] {
      let error = try #require(fault { _ = try KeyFile.read(directory.path + "/" + name, allowsShared: false) })
      #expect(error.code == .vaultKeyRefused)
      #expect(error.message.contains(word))
    }
    for path in ["", directory.path + "/none", path + "/below", "/dev/null", "a\u{0}b"] {
      #expect(fault { _ = try KeyFile.read(path, allowsShared: false) }?.code == .vaultKeyRefused)
    }
  }

  @Test func aNewFileHoldsAKeyThatNobodyElseMayRead() throws {
    try KeyFile.create(path)
    #expect(File.mode(path) == 0o600)
    #expect(File.read(path).count == 32)
    let key = try KeyFile.read(path, allowsShared: false)
    try KeyFile.create(path + "2")
    #expect(try KeyFile.read(path + "2", allowsShared: false) != key)
  }

  @Test func anExistingFileIsLeftAlone() throws {
    File.write([1, 2, 3], to: path)
    symlink(directory.path + "/nowhere", directory.path + "/link")
    for name in ["key", "link", "none/key"] {
      let error = fault { try KeyFile.create(directory.path + "/" + name) }
      #expect(error?.code == .vaultUnavailable)
    }
    #expect(File.read(path) == [1, 2, 3])
    #expect(directory.names() == ["key", "link"])
    #expect(fault { try KeyFile.create("") }?.code == .invalidArgument)
  }

  @Test func messagesAreOneLine() throws {
    let error = try #require(fault { _ = try KeyFile.read(directory.path + "/a\nb\u{1B}[2J", allowsShared: false) })
    #expect(error.message.utf8.allSatisfy { $0 >= 0x20 })
  }
}
