// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif

/// A file that can be told from every other one: while it is held, its number is given to none.
///
/// It is not opened (O_PATH): what closes such a descriptor leaves the locks of this process alone, SQLite's above all.
final class HeldFile: Sendable {
  /// O_PATH, which Swift does not import.
  private static let pathOnly: Int32 = 0o10_000_000

  let identity: VaultFile.Identity
  private let descriptor: Int32

  /// - Returns: nil with `errno` set where nothing is there, or no descriptor is left.
  init?(_ path: String) {
    let descriptor = open(path, Self.pathOnly | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { return nil }
    var information = stat()
    fstat(descriptor, &information)
    identity = VaultFile.Identity(information)
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// How many names the file has; half the price of a look at one of them.
  var links: nlink_t {
    var information = stat()
    return fstat(descriptor, &information) == 0 ? information.st_nlink : 0
  }

  func isAt(_ path: String) -> Bool { VaultFile.Identity(path)?.isSameFile(as: identity) ?? false }
}
