// SPDX-License-Identifier: Apache-2.0

import Basics
import CAskelS4
import Secrets
import TestSupport
import Testing
import Vault

@testable import AskelS4

#if canImport(Glibc)
  import Glibc
#endif

@Suite struct SinkABITests {
  /// Runs a callback as the core would.
  private func run(
    _ sink: CallbackSink, _ callback: (OpaquePointer) -> Void = { _ in }, code: Int32 = 0
  ) throws -> Int32 {
    try ForkGate.within {
      try sink.run { handle in
        callback(handle)
        return code
      }
    }
  }

  @Test func bytesAreCopiedAndTheLastCount() throws {
    let sink = CallbackSink(byteLimit: 8)
    var bytes: [UInt8] = [1, 2, 3]
    let code = try run(
      sink,
      { handle in
        askel_s4_sink_bytes(handle, [9, 9], 2)
        askel_s4_sink_bytes(handle, &bytes, 3)
        bytes = [0, 0, 0]
      }, code: 7)
    #expect(code == 7)
    #expect(sink.bytes == SecretBytes(copying: [1, 2, 3]))
    #expect(sink.fault == nil)
  }

  @Test func tooManyBytesAreRefusedUnlessRightOnesFollow() throws {
    for size in [9, 1_000_000, -1, Int.min] {
      let sink = CallbackSink(byteLimit: 8)
      // Nothing is read of them: only eight are there.
      let bytes = [UInt8](repeating: 1, count: 8)
      _ = try run(sink) { askel_s4_sink_bytes($0, bytes, size) }
      #expect(sink.bytes == nil)
      #expect(sink.fault?.code == .vaultKeyRefused)
      #expect(sink.fault?.message.contains("at most 8") == true)
      _ = try run(sink) { askel_s4_sink_bytes($0, bytes, 8) }
      #expect(sink.bytes?.count == 8)
      #expect(sink.fault == nil)
    }
  }

  @Test func nothingIsTakenForNULL() throws {
    askel_s4_sink_bytes(nil, [1], 1)
    askel_s4_sink_record(nil, "key", 1, [1], 1)
    askel_s4_sink_failure(nil, "no")
    let sink = CallbackSink(byteLimit: 8, recordLimit: 8)
    _ = try run(sink) { handle in
      askel_s4_sink_bytes(handle, nil, 5)
      askel_s4_sink_bytes(handle, nil, 0)
      askel_s4_sink_failure(handle, nil)
    }
    #expect(sink.bytes == nil)
    #expect(sink.failure == nil)
    #expect(sink.fault == nil)
  }

  @Test func emptyBytesAreBytes() throws {
    let sink = CallbackSink(byteLimit: 8)
    _ = try run(sink) { askel_s4_sink_bytes($0, [1], 0) }
    #expect(sink.bytes?.count == 0)
  }

  @Test func recordsComeInTheirOrder() throws {
    let sink = CallbackSink(recordLimit: 3)
    let longest = String(repeating: "k", count: 128)
    _ = try run(sink) { handle in
      askel_s4_sink_record(handle, "vault", 1, [1, 2], 2)
      askel_s4_sink_record(handle, longest, .max, nil, 0)
      askel_s4_sink_record(handle, "audit/head", 3, [UInt8](repeating: 7, count: 3 << 20), 3 << 20)
    }
    #expect(sink.fault == nil)
    #expect(sink.records.map(\.key) == ["vault", longest, "audit/head"])
    #expect(sink.records.map(\.version) == [1, .max, 3])
    #expect(sink.records.map(\.value.count) == [2, 0, 3 << 20])
  }

  @Test func aRecordThatIsNoneIsRefusedAndNamed() throws {
    let cases: [(String, (OpaquePointer) -> Void)] = [
      ("without a key", { askel_s4_sink_record($0, nil, 1, [1], 1) }),
      ("1 to 128", { askel_s4_sink_record($0, "", 1, [1], 1) }),
      ("1 to 128", { askel_s4_sink_record($0, String(repeating: "k", count: 129), 1, [1], 1) }),
      ("ä", { askel_s4_sink_record($0, "connection/ä", 1, [1], 1) }),
      ("\"a b\"", { askel_s4_sink_record($0, "a\nb", 1, [1], 1) }),
      ("version 0", { askel_s4_sink_record($0, "vault", 0, [1], 1) }),
      ("version -1", { askel_s4_sink_record($0, "vault", -1, [1], 1) }),
      ("3145729 bytes", { askel_s4_sink_record($0, "vault", 1, [1], 3 << 20 + 1) }),
      ("bytes", { askel_s4_sink_record($0, "vault", 1, [1], -1) }),
      ("NULL", { askel_s4_sink_record($0, "vault", 1, nil, 1) }),
    ]
    for (word, callback) in cases {
      let sink = CallbackSink(recordLimit: 8)
      _ = try run(sink) { handle in
        askel_s4_sink_record(handle, "vault", 1, [1], 1)
        callback(handle)
        askel_s4_sink_record(handle, "vault", 1, [1], 1)
      }
      #expect(sink.records.isEmpty)
      #expect(sink.fault?.code == .vaultCorrupt)
      let message = sink.fault?.message ?? ""
      #expect(message.contains(word), "\(message)")
      #expect(message.contains("mend its callbacks"))
      #expect(message.utf8.allSatisfy { $0 >= 0x20 })
    }
  }

  @Test(arguments: [0, 2, 3, 100]) func moreRecordsThanAskedForAreRefused(_ count: Int) throws {
    let sink = CallbackSink(recordLimit: 2)
    _ = try run(sink) { handle in
      for _ in 0..<count { askel_s4_sink_record(handle, "vault", 1, [1], 1) }
    }
    #expect(sink.records.count == (count > 2 ? 0 : count))
    #expect((sink.fault?.message.contains("more than the 2 records") ?? false) == (count > 2))
  }

  @Test func aFailureIsOneLineOfThreeHundredCharacters() throws {
    let lines = [
      ("access denied", "access denied"), ("", ""), ("a\r\n\tb\u{1B}[2J\u{85}\u{2028}c\u{7F}", "a   b [2J  c "),
      (String(repeating: "ä", count: 300), String(repeating: "ä", count: 300)),
      (String(repeating: "🔑", count: 301), String(repeating: "🔑", count: 300) + "…"),
      (String(repeating: "x", count: 100_000), String(repeating: "x", count: 300) + "…"),
    ]
    for (given, line) in lines {
      let sink = CallbackSink()
      _ = try run(sink, { askel_s4_sink_failure($0, given) }, code: -1)
      #expect(sink.failure == line)
    }
    let sink = CallbackSink()
    _ = try run(sink) { askel_s4_sink_failure($0, [CChar(bitPattern: 0xFF), CChar(bitPattern: 0xC3), 65, 0]) }
    #expect(sink.failure == "\u{FFFD}\u{FFFD}A")
  }
}

@Suite(.serialized) struct SinkForkTests {
  /// In the child all secrets are zero: a data key that it wrapped would be none.
  @Test func aChildThatACallbackMadeGoesNoFurther() throws {
    let parent = getpid()
    let sink = CallbackSink(byteLimit: 8)
    var child: pid_t = -1
    var isQuick = false
    let error = fault {
      _ = try ForkGate.within {
        try sink.run { handle in
          let start = Deadline.now
          child = fork()
          if child == 0 { alarm(20) }
          // A fork inside of the gate would wait for itself, for five seconds.
          isQuick = Deadline.now - start < 2_000_000_000
          // The sink works in both.
          askel_s4_sink_bytes(handle, [1, 2], 2)
          return 0
        }
      }
    }
    if getpid() != parent { _exit(error?.code == .forked ? 0 : 1) }
    #expect(error == nil)
    #expect(isQuick)
    #expect(sink.bytes?.count == 2)
    var status: Int32 = -1
    #expect(child > 0 && waitpid(child, &status, 0) == child)
    #expect(status == 0)
  }
}
