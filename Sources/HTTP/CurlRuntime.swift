// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif
import Basics
import CCurl
import Secrets
import Synchronization

/// libcurl as this process has it: initialised once, with an allocator that wipes what it frees.
package enum CurlRuntime {
  /// What was found at start-up.
  package struct Facts: Sendable {
    /// "7.88.1"
    package let version: String
    /// "OpenSSL/3.0.19"
    package let tls: String
    /// libcurl frees through our wiping allocator; false where the host had initialised it before us.
    package let isWiping: Bool
  }

  /// - Throws: `hostUnfit` where libcurl is too old or speaks TLS through another library than ours.
  package static func start() throws(S4Error) -> Facts {
    try started.withLock { (known: inout Facts?) throws(S4Error) in
      if let known { return known }
      let facts = try initialise()
      known = facts
      return facts
    }
  }

  private static let started = Locked<Facts?>(nil)
  private static let isHooked = Atomic<Bool>(false)

  private static func initialise() throws(S4Error) -> Facts {
    OpenSSLRuntime.start()
    // OpenSSL first: its exit handlers then run after the one by which Engine stops its threads.
    OPENSSL_init_ssl(0, nil)
    let code = curl_global_init_mem(Int(CURL_GLOBAL_DEFAULT), allocate, release, resize, duplicate, allocateZeroed)
    guard code == CURLE_OK, let information = askel_curl_version()?.pointee else {
      throw S4Error(.hostUnfit, "libcurl does not start in this process (code \(code.rawValue))")
    }
    let version = information.version.map { String(cString: $0) } ?? ""
    let tls = information.ssl_version.map { String(cString: $0) } ?? "none"
    let ours = "OpenSSL/" + (OpenSSL_version(OPENSSL_VERSION_STRING).map { String(cString: $0) } ?? "")
    guard tls == ours else {
      throw S4Error(
        .hostUnfit,
        "the libcurl in this process uses \(tls) and not \(ours): install libcurl4 built with OpenSSL "
          + "(libcurl4-openssl-dev), since tokens cannot be wiped otherwise")
    }
    guard information.version_num >= 0x07_55_00 else {
      throw S4Error(.hostUnfit, "the libcurl in this process is \(version): install 7.85 or newer")
    }
    // The canary: libcurl ignores the hooks in silence when the host was first.
    isHooked.store(false, ordering: .relaxed)
    curl_slist_free_all(curl_slist_append(nil, "canary"))
    return Facts(version: version, tls: tls, isWiping: isHooked.load(ordering: .relaxed))
  }

  private static let allocate: @convention(c) (Int) -> UnsafeMutableRawPointer? = { size in
    isHooked.store(true, ordering: .relaxed)
    return malloc(size)
  }

  private static let allocateZeroed: @convention(c) (Int, Int) -> UnsafeMutableRawPointer? = { calloc($0, $1) }

  private static let release: @convention(c) (UnsafeMutableRawPointer?) -> Void = { pointer in
    guard let pointer else { return }
    SecretMemory.wipe(UnsafeMutableRawBufferPointer(start: pointer, count: malloc_usable_size(pointer)))
    free(pointer)
  }

  private static let resize: @convention(c) (UnsafeMutableRawPointer?, Int) -> UnsafeMutableRawPointer? =
    { pointer, size in
      guard let pointer else { return malloc(size) }
      let held = malloc_usable_size(pointer)
      // realloc may move the bytes and free the old place unwiped.
      guard size > held else { return pointer }
      guard let grown = malloc(size) else { return nil }
      memcpy(grown, pointer, held)
      release(pointer)
      return grown
    }

  private static let duplicate: @convention(c) (UnsafePointer<CChar>?) -> UnsafeMutablePointer<CChar>? = { text in
    isHooked.store(true, ordering: .relaxed)
    guard let text else { return nil }
    return strdup(text)
  }
}
