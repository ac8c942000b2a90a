// SPDX-License-Identifier: Apache-2.0

import Basics
import CAskelS4
import Secrets
import Synchronization
import TestSupport
import Testing
import Vault

@testable import AskelS4

#if canImport(Glibc)
  import Glibc
#endif

/// What the callbacks of one test are given: what they saw, and what they are to do.
private final class Host {
  var answer: [UInt8] = []
  var failure: String?
  var code: Int32 = 0
  var input: [UInt8] = []
  var associatedData: [UInt8] = []
  let freeCount = Atomic<Int>(0)
  /// The thread that ran the last free.
  let freeThread = Atomic<UInt>(0)

  /// How often the userdata was freed, when all that has ended is. Another test's call, on another thread, may have
  /// taken it from the list.
  var freed: Int {
    Userdata.runEnded()
    usleep(20_000)
    return freeCount.load(ordering: .relaxed)
  }

  /// Waits, without ending anything, until the userdata was freed so often.
  func wasFreed(_ count: Int) -> Bool {
    for _ in 0..<100 where freeCount.load(ordering: .relaxed) < count { usleep(10_000) }
    return freeCount.load(ordering: .relaxed) == count
  }

  static func of(_ pointer: UnsafeMutableRawPointer?) -> Host? {
    pointer.map { Unmanaged<Host>.fromOpaque($0).takeUnretainedValue() }
  }
}

private let callback: askel_s4_key_fn = { userdata, input, count, data, dataCount, sink in
  guard let host = Host.of(userdata) else { return 99 }
  host.input = Array(UnsafeBufferPointer(start: input, count: count))
  host.associatedData = Array(UnsafeBufferPointer(start: data, count: dataCount))
  if let failure = host.failure { askel_s4_sink_failure(sink, failure) }
  if !host.answer.isEmpty { askel_s4_sink_bytes(sink, host.answer, host.answer.count) }
  return host.code
}

private let free: @convention(c) (UnsafeMutableRawPointer?) -> Void = { pointer in
  Host.of(pointer)?.freeThread.store(UInt(pthread_self()), ordering: .relaxed)
  Host.of(pointer)?.freeCount.add(1, ordering: .relaxed)
}

@Suite(.serialized) final class KeyABITests {
  private let host = Host()
  private let directory = TemporaryDirectory()

  /// What a test left behind is freed while its host is still there.
  deinit { Userdata.runEnded() }

  private func key(_ kind: Int, _ change: (inout askel_s4_key) -> Void = { _ in }) -> askel_s4_key {
    var key = askel_s4_key()
    key.struct_size = MemoryLayout<askel_s4_key>.size
    key.kind = Int32(kind)
    change(&key)
    return key
  }

  private func source(_ key: askel_s4_key) throws -> any KeySource {
    try withUnsafePointer(to: key) { try KeyArgument($0, "vault_key").source() }
  }

  /// A key of a service whose name is `name` and whose callbacks are the test's.
  private func service(
    _ name: String = "kek", _ change: (inout askel_s4_key) -> Void = { _ in }
  ) throws -> any KeySource {
    try name.withCString { name in
      try source(
        key(ASKEL_S4_KEY_SERVICE) {
          $0.name = name
          $0.wrap = callback
          $0.unwrap = callback
          $0.userdata = Unmanaged.passUnretained(host).toOpaque()
          $0.free_fn = free
          change(&$0)
        })
    }
  }

  @Test func kindsAreTheHeaders() throws {
    let path = directory.path + "/key"
    #expect(askel_s4_key_file_create(path, nil) == ASKEL_S4_OK)
    let bytes = [UInt8](repeating: 7, count: 32)
    let file = try path.withCString { path in try source(key(ASKEL_S4_KEY_FILE) { $0.file = path }).kindName }
    let others = try bytes.withUnsafeBufferPointer { bytes in
      try [
        key(ASKEL_S4_KEY_BYTES) { ($0.bytes, $0.size) = (bytes.baseAddress, 32) },
        key(ASKEL_S4_KEY_PASSPHRASE) { ($0.bytes, $0.size) = (bytes.baseAddress, 8) },
      ].map { try source($0).kindName }
    }
    #expect([file] + others == ["file", "bytes", "passphrase"])
    #expect(try service().kindName == "service")
  }

  @Test func aSharedFileIsAdmittedByTheFlag() throws {
    let path = directory.path + "/key"
    #expect(askel_s4_key_file_create(path, nil) == ASKEL_S4_OK)
    chmod(path, 0o444)
    for (flag, isTaken) in [(Int32(0), false), (1, true)] {
      let error = path.withCString { path in
        fault { _ = try source(key(ASKEL_S4_KEY_FILE) { ($0.file, $0.allow_shared_file) = (path, flag) }) }
      }
      #expect(error?.code == (isTaken ? nil : .vaultKeyRefused))
    }
  }

  @Test func aWrongMemberIsNamed() throws {
    let bytes = [UInt8](repeating: 0xFF, count: 1_025)
    let text = strdup("text")
    let empty = strdup("")
    let control = strdup("a\nb")
    let long = strdup(String(repeating: "n", count: 513))
    let broken = strdup("?")
    broken?.pointee = CChar(bitPattern: 0xFF)
    defer { for text in [text, empty, control, long, broken] { Glibc.free(text) } }
    bytes.withUnsafeBufferPointer { bytes in
      let start = bytes.baseAddress
      let cases: [(String, askel_s4_key)] = [
        ("kind", key(4)), ("kind", key(-1)), ("file", key(ASKEL_S4_KEY_FILE)),
        ("file", key(ASKEL_S4_KEY_FILE) { $0.file = UnsafePointer(empty) }),
        ("file", key(ASKEL_S4_KEY_FILE) { $0.file = UnsafePointer(broken) }),
        ("allow_shared_file", key(ASKEL_S4_KEY_FILE) { ($0.file, $0.allow_shared_file) = (UnsafePointer(text), 2) }),
        ("bytes", key(ASKEL_S4_KEY_BYTES)), ("bytes", key(ASKEL_S4_KEY_BYTES) { $0.size = 32 }),
        ("size", key(ASKEL_S4_KEY_BYTES) { ($0.bytes, $0.size) = (start, 31) }),
        ("size", key(ASKEL_S4_KEY_BYTES) { ($0.bytes, $0.size) = (start, -1) }),
        ("bytes", key(ASKEL_S4_KEY_PASSPHRASE)),
        ("bytes", key(ASKEL_S4_KEY_PASSPHRASE) { ($0.bytes, $0.size) = (start, 8) }),
        ("size", key(ASKEL_S4_KEY_PASSPHRASE) { ($0.bytes, $0.size) = (start, 7) }),
        ("size", key(ASKEL_S4_KEY_PASSPHRASE) { ($0.bytes, $0.size) = (start, 1_025) }),
        ("size", key(ASKEL_S4_KEY_PASSPHRASE) { ($0.bytes, $0.size) = (start, .min) }),
        // Members of another kind.
        ("file", key(ASKEL_S4_KEY_BYTES) { ($0.bytes, $0.size, $0.file) = (start, 32, UnsafePointer(text)) }),
        ("allow_shared_file", key(ASKEL_S4_KEY_BYTES) { $0.allow_shared_file = 1 }),
        ("bytes", key(ASKEL_S4_KEY_FILE) { ($0.file, $0.bytes) = (UnsafePointer(text), start) }),
        ("size", key(ASKEL_S4_KEY_FILE) { ($0.file, $0.size) = (UnsafePointer(text), 1) }),
        ("name", key(ASKEL_S4_KEY_FILE) { ($0.file, $0.name) = (UnsafePointer(text), UnsafePointer(text)) }),
        ("wrap", key(ASKEL_S4_KEY_FILE) { ($0.file, $0.wrap) = (UnsafePointer(text), callback) }),
        ("unwrap", key(ASKEL_S4_KEY_FILE) { ($0.file, $0.unwrap) = (UnsafePointer(text), callback) }),
        ("userdata", key(ASKEL_S4_KEY_FILE) { ($0.file, $0.userdata) = (UnsafePointer(text), .init(text)) }),
        ("free_fn", key(ASKEL_S4_KEY_FILE) { ($0.file, $0.free_fn) = (UnsafePointer(text), { _ in }) }),
        ("data_key_ttl_ms", key(ASKEL_S4_KEY_FILE) { ($0.file, $0.data_key_ttl_ms) = (UnsafePointer(text), -1) }),
      ]
      for (member, key) in cases { expectInvalid(member) { _ = try source(key) } }
    }
    expectInvalid("name") { _ = try service { $0.name = nil } }
    for name in [empty, control, long, broken] {
      expectInvalid("name") { _ = try service { $0.name = UnsafePointer(name) } }
    }
    expectInvalid("wrap") { _ = try service { $0.wrap = nil } }
    expectInvalid("unwrap") { _ = try service { $0.unwrap = nil } }
  }

  private func expectInvalid(_ member: String, _ body: () throws -> Void) {
    let error = fault(body)
    #expect(error?.code == .invalidArgument)
    #expect(error?.target == "vault_key." + member, "\(error?.message ?? "")")
    #expect(error?.message.hasPrefix("vault_key." + member + ": ") == true)
    #expect(error?.message.utf8.allSatisfy { $0 >= 0x20 } == true)
  }

  @Test func aStructOfTheWrongSizeIsNotTaken() {
    for size in [0, 8, MemoryLayout<askel_s4_key>.size - 1, 70_000, -1] {
      let error = fault { _ = try service { $0.struct_size = size } }
      #expect(error?.code == .invalidArgument)
      #expect(error?.target == "struct_size")
    }
    #expect(host.freed == 0)
    #expect(fault { _ = try KeyArgument(nil, "vault_key").source() }?.target == "vault_key")
    #expect(!KeyArgument(nil, "vault_key").isGiven)
  }

  @Test func callbacksGetTheirArgumentsAndTheirAnswerCounts() throws {
    let (provider, parameters) = try service().makeProvider()
    #expect(parameters == [2] + Array("kek".utf8))
    host.answer = [4, 5, 6]
    #expect(try provider.wrap(SecretBytes(copying: [1, 2, 3]), associatedData: [7, 8]) == [4, 5, 6])
    #expect(host.input == [1, 2, 3])
    #expect(host.associatedData == [7, 8])
    host.answer = [1, 2, 3]
    #expect(try provider.unwrap([4, 5, 6], associatedData: []) == SecretBytes(copying: [1, 2, 3]))
    #expect(host.input == [4, 5, 6])
    #expect(host.associatedData == [])
  }

  @Test func whatACallbackSaysIsInTheMessage() throws {
    let (provider, _) = try service("arn:aws:kms:eu-central-1:1:key/2").makeProvider()
    host.answer = [1]
    host.code = 3
    host.failure = "AccessDenied:\nnot yours"
    let error = try #require(fault { _ = try provider.unwrap([4], associatedData: []) })
    #expect(error.code == .vaultKeyRefused)
    #expect(
      error.message
        == "the key service of \"arn:aws:kms:eu-central-1:1:key/2\" did not unwrap a key: AccessDenied: not yours: look "
        + "at the service, and at what this process may do there")
    host.failure = nil
    let silent = fault { _ = try provider.wrap(SecretBytes(copying: [1, 2]), associatedData: []) }
    #expect(silent?.message.contains("returned 3 without a reason") == true)
  }

  @Test func aCallbackThatGivesNothingOrTooMuchIsRefused() throws {
    let (provider, _) = try service().makeProvider()
    for (count, word) in [(0, "gave nothing"), (16_385, "at most 16384")] {
      host.answer = [UInt8](repeating: 1, count: count)
      let error = fault { _ = try provider.wrap(SecretBytes(copying: [1, 2]), associatedData: []) }
      #expect(error?.code == .vaultKeyRefused)
      #expect(error?.message.contains(word) == true, "\(error?.message ?? "")")
    }
    host.answer = [UInt8](repeating: 1, count: 1_025)
    #expect(fault { _ = try provider.unwrap([4], associatedData: []) }?.code == .vaultKeyRefused)
  }

  @Test func theTimeToKeepIsFiveMinutesUnlessSaid() throws {
    for (milliseconds, calls) in [(Int64(0), 1), (60_000, 1), (-1, 2), (.min, 2), (.max, 1)] {
      let (provider, _) = try service { $0.data_key_ttl_ms = milliseconds }.makeProvider()
      var seen = 0
      for _ in 0..<2 {
        host.input = []
        host.answer = [1]
        _ = try provider.unwrap([4], associatedData: [])
        if !host.input.isEmpty { seen += 1 }
      }
      #expect(seen == calls, "\(milliseconds)")
    }
  }

  @Test func freeRunsOnceAndOnlyWhenTheCallersThreadSaysSo() throws {
    var source: (any KeySource)? = try service()
    let provider = try source?.makeProvider().provider
    source = nil
    #expect(host.freed == 0)
    // Closed is enough, although a client still holds a provider.
    let last = Locked<(any KeySource)?>(try service())
    let held = try last.withLock { try $0?.makeProvider().provider }
    // As the I/O thread may be the one that lets go.
    let dropper = Atomic<UInt>(0)
    onThreads(1) { _ in
      dropper.store(UInt(pthread_self()), ordering: .relaxed)
      last.withLock { source in
        source?.close()
        source = nil
      }
      // Until here nothing of the product's has run on this thread.
    }
    #expect(host.freed == 1)
    let (freeing, dropping) = (host.freeThread.load(ordering: .relaxed), dropper.load(ordering: .relaxed))
    #expect(freeing != dropping)
    _ = (provider, held)
    #expect(host.freed == 1)
  }

  @Test func freeRunsWhereTheCallFails() throws {
    #expect(fault { _ = try service { $0.wrap = nil } }?.code == .invalidArgument)
    #expect(host.freed == 1)
    // A call that fails before it has looked at the key.
    var key = key(ASKEL_S4_KEY_SERVICE) {
      $0.userdata = Unmanaged.passUnretained(host).toOpaque()
      $0.free_fn = free
    }
    _ = KeyArgument(&key, "vault_key")
    #expect(host.freed == 2)
    // A wrong kind is no reason to keep it.
    key.kind = Int32(ASKEL_S4_KEY_BYTES)
    #expect(fault { _ = try KeyArgument(&key, "vault_key").source() }?.target == "vault_key.userdata")
    #expect(host.freed == 3)
  }

  @Test func freeRunsWhereACallFailsBeforeItHasLookedAtItsKey() throws {
    var key = key(ASKEL_S4_KEY_SERVICE) {
      $0.userdata = Unmanaged.passUnretained(host).toOpaque()
      $0.free_fn = free
    }
    withUnsafePointer(to: &key) { key in
      var options = askel_s4_instance_options()
      options.struct_size = MemoryLayout<askel_s4_instance_options>.size
      options.vault_key = key
      #expect(askel_s4_instance_open(&options, nil, nil) == ASKEL_S4_INVALID_ARGUMENT)
      #expect(host.freed == 1)
      // A member of a later version's.
      var later = (options, 1)
      later.0.struct_size = MemoryLayout.size(ofValue: later)
      let status = withUnsafeBytes(of: &later) { bytes in
        var instance: OpaquePointer?
        return askel_s4_instance_open(
          bytes.baseAddress?.assumingMemoryBound(to: askel_s4_instance_options.self), &instance, nil)
      }
      #expect(status == ASKEL_S4_INVALID_ARGUMENT)
      #expect(host.freed == 2)
      var rotation = askel_s4_rotate_options()
      rotation.struct_size = MemoryLayout<askel_s4_rotate_options>.size
      rotation.new_key = key
      #expect(askel_s4_vault_rekey(nil, &rotation, nil) == ASKEL_S4_INVALID_ARGUMENT)
      #expect(host.freed == 3)
      #expect(askel_s4_vault_rotate_key(nil, &rotation, nil) == ASKEL_S4_INVALID_ARGUMENT)
      #expect(host.freed == 4)
    }
  }

  @Test func everyExportedFunctionFreesWhatEnded() throws {
    let key = key(ASKEL_S4_KEY_SERVICE) {
      $0.userdata = Unmanaged.passUnretained(host).toOpaque()
      $0.free_fn = free
    }
    let status = boundary(nil) { () throws(S4Error) in
      try withUnsafePointer(to: key) { (key) throws(S4Error) in _ = try KeyArgument(key, "vault_key").source() }
    }
    #expect(status == ASKEL_S4_INVALID_ARGUMENT)
    #expect(host.wasFreed(1))
    let handle = withUnsafePointer(to: key) { key in Handle.make(Holder(KeyArgument(key, "vault_key"))) }
    #expect(host.freed == 1)
    Handle.release(handle, as: Holder.self, nil)
    #expect(host.wasFreed(2))
  }

  private final class Holder {
    let key: KeyArgument
    init(_ key: KeyArgument) { self.key = key }
  }

  @Test func manyThreadsThatEndKeysFreeEachOnce() {
    final class Count: Sendable { let value = Atomic<Int>(0) }
    let count = Count()
    let pointer = UInt(bitPattern: Unmanaged.passUnretained(count).toOpaque())
    onThreads(4) { _ in
      for _ in 0..<500 {
        _ = Userdata(UnsafeMutableRawPointer(bitPattern: pointer)) { pointer in
          guard let pointer else { return }
          Unmanaged<Count>.fromOpaque(pointer).takeUnretainedValue().value.add(1, ordering: .relaxed)
        }
        Userdata.runEnded()
      }
    }
    Userdata.runEnded()
    #expect(count.value.load(ordering: .relaxed) == 2_000)
  }
}
