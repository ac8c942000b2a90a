// SPDX-License-Identifier: Apache-2.0

import Basics
import TestSupport
import Testing

@testable import Secrets

#if canImport(Glibc)
  import Glibc
#endif

@Suite struct ScryptTests {
  struct Vector: Sendable {
    let passphrase, salt: String
    let log2N, r, p: Int
    let key: String
  }

  /// Source: RFC 7914 section 12; the fourth takes a GiB and is left out.
  static let vectors = [
    Vector(
      passphrase: "", salt: "", log2N: 4, r: 1, p: 1,
      key: "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
        + "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906"),
    Vector(
      passphrase: "password", salt: "NaCl", log2N: 10, r: 8, p: 16,
      key: "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
        + "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"),
    Vector(
      passphrase: "pleaseletmein", salt: "SodiumChloride", log2N: 14, r: 8, p: 1,
      key: "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
        + "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"),
  ]

  private static let salt = (0..<16).map { UInt8($0) }

  @Test(arguments: vectors) func knownAnswersComeOut(_ vector: Vector) throws {
    let key = try Scrypt.derive(
      from: SecretBytes(copying: Array(vector.passphrase.utf8)), salt: Array(vector.salt.utf8),
      cost: Scrypt.Cost(log2N: vector.log2N, blockSize: vector.r, parallelisation: vector.p), count: 64)
    #expect(key.copy == hex(vector.key))
  }

  /// The memory that OpenSSL is allowed is just enough for each of them. The answers are those of Python's hashlib.
  @Test(arguments: [
    (
      Scrypt.Cost.standard,
      "af5ecdbec02ddf047a3df2b4942e217b0b69c80fd3276e1923abbe0d1c80ea89"
    ),
    (
      Scrypt.Cost(log2N: 17, blockSize: 16, parallelisation: 4),
      "d892f48ffc3b6b2c4984c955421fbdee129cfc6af21283d913d3b9b9ff94c656"
    ),
    (
      Scrypt.Cost(log2N: 17, blockSize: 2, parallelisation: 4),
      "ec3d32ab2f17a3b150f4647fe12b4376676f7a114b4beac76eb151f23236bd7c"
    ),
  ])
  func costsWithinTheBoundsGiveKeys(_ cost: Scrypt.Cost, _ key: String) throws {
    let passphrase = SecretBytes(copying: Array("correct horse battery".utf8))
    #expect(try Scrypt.key(from: passphrase, salt: Self.salt, cost: cost).copy == hex(key))
  }

  @Test func theStandardCostIsAdmittedAndNoneBelowIt() {
    #expect(Scrypt.Cost.standard == Scrypt.Cost(log2N: 17, blockSize: 8, parallelisation: 1))
    #expect(Scrypt.Cost.standard.isAdmitted)
    #expect(Scrypt.Cost(log2N: 20, blockSize: 8, parallelisation: 4).isAdmitted)
  }

  @Test(arguments: [
    (16, 8, 1), (0, 8, 1), (-1, 8, 1), (21, 8, 1), (64, 8, 1), (Int.max, 8, 1), (17, 0, 1), (17, 1, 1), (17, 17, 1),
    (17, -1, 1),
    (17, Int.max, 1),
    (17, 8, 0), (17, 8, 5), (17, 8, -1), (20, 9, 1), (20, 16, 1),
  ])
  func aCostOutOfBoundsIsRefusedAtOnce(_ log2N: Int, _ r: Int, _ p: Int) throws {
    let cost = Scrypt.Cost(log2N: log2N, blockSize: r, parallelisation: p)
    #expect(!cost.isAdmitted)
    let error = try #require(fault { _ = try Scrypt.key(from: secret, salt: Self.salt, cost: cost) })
    #expect(error.code == .vaultCorrupt)
    #expect(error.message.contains("log2 N \(log2N), r \(r), p \(p)"))
    #expect(error.message.contains("restore the vault from a copy"))
  }

  @Test(arguments: [0, 1, 15, 65, 1_000]) func aSaltOutOfBoundsIsRefused(_ count: Int) {
    let salt = [UInt8](repeating: 1, count: count)
    let error = fault { _ = try Scrypt.key(from: secret, salt: salt, cost: .standard) }
    #expect(error?.code == .vaultCorrupt)
    #expect(error?.message.contains("salt of \(count) bytes") == true)
  }

  private var secret: SecretBytes { SecretBytes(copying: Array("passphrase".utf8)) }
}

@Suite(.serialized) struct ScryptForkTests {
  /// In a child, since the limit is the whole process's.
  @Test func withoutMemoryTheHostIsUnfitAndTheMessageSaysHowMuchIsWanted() {
    let child = fork()
    if child == 0 {
      alarm(20)
      var limit = rlimit(rlim_cur: 0, rlim_max: 0)
      getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
      limit.rlim_cur = 64 << 20
      setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
      let passphrase = SecretBytes(copying: Array("passphrase".utf8))
      let salt = [UInt8](repeating: 1, count: 16)
      let error = fault { _ = try Scrypt.key(from: passphrase, salt: salt, cost: .standard) }
      let isClear = error?.message.contains("128 MiB") == true && error?.message.contains("more memory") == true
      _exit(error?.code == .hostUnfit && isClear ? 0 : 1)
    }
    var status: Int32 = -1
    #expect(child > 0 && waitpid(child, &status, 0) == child)
    #expect(status == 0)
  }
}
