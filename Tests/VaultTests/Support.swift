// SPDX-License-Identifier: Apache-2.0

import Basics
import CSQLite
import Secrets
import Synchronization

@testable import Vault

#if canImport(Glibc)
  import Glibc
#endif

/// SQLite without our rules, as somebody with a stolen file would use it.
/// - Returns: SQLite's result code.
@discardableResult
func rawSQL(_ path: String, _ sql: String) -> Int32 {
  var database: OpaquePointer?
  defer { sqlite3_close(database) }
  guard sqlite3_open(path, &database) == SQLITE_OK else { return -1 }
  return sqlite3_exec(database, sql, nil, nil, nil)
}

func makeKey(_ byte: UInt8 = 7) throws -> KeyEncryptionKey {
  try [UInt8](repeating: byte, count: 32).withUnsafeBytes { try KeyEncryptionKey(raw: $0) }
}

func secret(_ text: String) -> SecretBytes { SecretBytes(copying: Array(text.utf8)) }

/// The error of a body; nil where it succeeds.
func fault(_ body: () throws -> Void) -> S4Error? {
  do {
    try body()
    return nil
  } catch {
    return error as? S4Error
  }
}

/// Repeats a run exactly: SplitMix64. Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators".
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// Runs a body on threads of their own and waits for all of them.
func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
  final class Work: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }
  var threads: [pthread_t] = []
  for index in 0..<count {
    var thread = pthread_t()
    let work = Unmanaged.passRetained(Work { body(index) })
    let code = pthread_create(
      &thread, nil,
      { argument in
        if let argument { Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().run() }
        return nil
      }, work.toOpaque())
    if code == 0 { threads.append(thread) } else { work.release() }
  }
  for thread in threads { pthread_join(thread, nil) }
}

/// Runs a body in a child process.
/// - Returns: whether it came to its end within 20 seconds and gave true.
func inChild(_ body: () -> Bool) -> Bool {
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

/// What several threads found.
final class Collected<Element: Sendable>: Sendable {
  private let elements = Mutex<[Element]>([])

  func append(_ element: Element) { elements.withLock { $0.append(element) } }

  var all: [Element] { elements.withLock { $0 } }
}
