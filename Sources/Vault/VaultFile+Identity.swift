// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif

extension VaultFile {
  /// What a file is told by, and, where nobody may change it, by what it was: as that changes, what was read is worth
  /// nothing.
  struct Identity: Equatable, Sendable {
    private let device: dev_t
    private let number: ino_t
    private let size: off_t
    private let seconds: Int
    private let nanoseconds: Int

    init(_ information: stat) {
      device = information.st_dev
      number = information.st_ino
      size = information.st_size
      seconds = information.st_mtim.tv_sec
      nanoseconds = information.st_mtim.tv_nsec
    }

    /// - Returns: nil where nothing is there, or it cannot be looked at.
    init?(_ path: String, followsLinks: Bool = false) {
      var information = stat()
      guard (followsLinks ? stat(path, &information) : lstat(path, &information)) == 0 else { return nil }
      self.init(information)
    }

    /// Whether both are one file, however much it has changed.
    func isSameFile(as other: Identity) -> Bool { device == other.device && number == other.number }
  }

  /// What the path leads to now, through symbolic links; nil where there is nothing.
  var identity: Identity? { Identity(path, followsLinks: true) }
}
