// SPDX-License-Identifier: Apache-2.0

import Basics

#if canImport(Glibc)
  import Glibc
#endif

extension VaultFile {
  /// The file that a read-only vault's path leads to now, through symbolic links.
  ///
  /// Links are followed here, and nowhere else: a secret volume of Kubernetes has each file as a link into a directory
  /// that is itself a link, and changes both with each update. Nothing is written through them, the file that is found
  /// is judged itself, and who can change the links could as well change the file.
  func followed() throws(S4Error) -> VaultFile {
    guard let resolved = realpath(path, nil) else {
      let number = errno
      throw unavailable(
        number == ENOENT
          ? "there is none, and one that is opened with ASKEL_S4_VAULT_READ_ONLY is not made: give the path of a vault"
          : Display.systemError(number))
    }
    defer { free(resolved) }
    guard let target = String(validatingCString: resolved) else {
      throw S4Error.invalidArgument("vault_path", "the path of the vault is not UTF-8: give another")
    }
    return try VaultFile(path: target)
  }

  /// How a file that must not be written is opened.
  /// - Throws: `.vaultUnavailable` where a log that cannot be read lies beside it: without it the file alone is an
  ///   earlier state, or a torn one.
  func readOnlyAccess() throws(S4Error) -> Database.Access {
    let isWritable = [path, directory].allSatisfy { mayUse($0, W_OK) }
    // The ordinary way, next to processes that write.
    if isWritable { return .readOnly }
    if hasContent(path + "-wal") {
      let isReadable = ["-wal", "-shm"].allSatisfy { mayUse(path + $0, R_OK) }
      guard isReadable else {
        throw unavailable(
          "beside it lies \(Display.quoted(path + "-wal")) with its latest changes, which cannot be read here: close "
            + "the vault where it is written before it is copied, or copy it with askel_s4_vault_backup")
      }
      return .readOnlyLog
    }
    guard !hasContent(path + "-journal") else {
      throw unavailable(
        "beside it lies \(Display.quoted(path + "-journal")), so that a write was cut off: open it once where "
          + "it can be written")
    }
    return .immutable
  }

  /// Whether a process that writes has a log open beside the file.
  var hasLog: Bool { hasContent(path + "-wal") }

  private func mayUse(_ path: String, _ right: Int32) -> Bool { faccessat(AT_FDCWD, path, right, AT_EACCESS) == 0 }

  private func hasContent(_ path: String) -> Bool {
    var information = stat()
    return lstat(path, &information) == 0 && information.st_size > 0
  }
}
