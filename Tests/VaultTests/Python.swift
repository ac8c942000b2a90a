// SPDX-License-Identifier: Apache-2.0

import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

final class Flag: Sendable {
  private let value = Atomic<Bool>(false)

  var isSet: Bool { value.load(ordering: .acquiring) }

  func set() { value.store(true, ordering: .releasing) }
}

/// A Python program in a process of its own.
final class Python: Sendable {
  private let process: pid_t
  private let output: Int32

  /// - Returns: nil where it does not start.
  init?(_ program: String, _ argument: String) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { return nil }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
    let words = ["/usr/bin/python3", "-c", program, argument]
    var arguments = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var process: pid_t = -1
    let code = posix_spawn(&process, words[0], &actions, nil, &arguments, environ)
    close(ends[1])
    guard code == 0 else {
      close(ends[0])
      return nil
    }
    self.process = process
    output = ends[0]
  }

  deinit { close(output) }

  /// - Returns: false where it ends before it writes anything, or takes longer than 20 seconds.
  func waitForOutput() -> Bool {
    var waited = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
    guard poll(&waited, 1, 20_000) == 1 else { return false }
    var byte: UInt8 = 0
    return read(output, &byte, 1) == 1
  }

  func end() {
    kill(process, SIGKILL)
    var status: Int32 = 0
    waitpid(process, &status, 0)
  }
}
