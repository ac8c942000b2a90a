// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif
import Basics
import CCurl

// libcurl's callbacks, on the I/O thread.
extension Transfer {
  private static func from(_ pointer: UnsafeMutableRawPointer?) -> Transfer? {
    pointer.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
  }

  static let onBody: @convention(c) (UnsafeMutablePointer<CChar>?, Int, Int, UnsafeMutableRawPointer?) -> Int =
    { data, size, count, pointer in
      guard let transfer = Transfer.from(pointer) else { return 0 }
      let bytes = UnsafeRawBufferPointer(start: data, count: size &* count)
      return transfer.receive(bytes) ? bytes.count : 0
    }

  static let onHeader: @convention(c) (UnsafeMutablePointer<CChar>?, Int, Int, UnsafeMutableRawPointer?) -> Int =
    { data, size, count, pointer in
      guard let transfer = Transfer.from(pointer) else { return 0 }
      let bytes = UnsafeRawBufferPointer(start: data, count: size &* count)
      return transfer.receiveHeader(bytes) ? bytes.count : 0
    }

  static let onOpenSocket:
    @convention(c) (UnsafeMutableRawPointer?, curlsocktype, UnsafeMutablePointer<curl_sockaddr>?) -> curl_socket_t =
      { pointer, _, address in
        guard let transfer = Transfer.from(pointer), let address, transfer.admits(address) else { return -1 }
        return socket(
          address.pointee.family, address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue),
          address.pointee.protocol)
      }

  // SSLKEYLOGFILE makes libcurl write session keys; and OpenSSL keeps decrypted records unless told not to.
  static let onTLSContext:
    @convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, UnsafeMutableRawPointer?) -> CURLcode =
      { _, context, pointer in
        askel_ssl_context_wipe_plaintext(context)
        askel_ssl_context_no_key_log(context)
        guard let transfer = Transfer.from(pointer) else { return CURLE_ABORTED_BY_CALLBACK }
        guard let certificate = transfer.request.certificate else { return CURLE_OK }
        return ShownCertificate.install(certificate, in: OpaquePointer(context)) ? CURLE_OK : CURLE_SSL_CERTPROBLEM
      }

  // libcurl sends a request again by itself when a kept-alive connection turns out to be dead. A token goes out once,
  // and whether a request is repeated is not libcurl's to decide.
  static let onRequest:
    @convention(c) (
      UnsafeMutableRawPointer?, UnsafeMutablePointer<CChar>?, UnsafeMutablePointer<CChar>?, Int32, Int32
    ) -> Int32 = { pointer, _, _, _, _ in
      guard let transfer = Transfer.from(pointer), !transfer.wasSent, transfer.stopped == nil else {
        return CURL_PREREQFUNC_ABORT
      }
      guard transfer.isAsWhomItShouldBe else { return CURL_PREREQFUNC_ABORT }
      transfer.wasSent = true
      return CURL_PREREQFUNC_OK
    }

  /// libcurl tells connections apart by `Transfer.routeName`. Should one ever not, nothing goes out under the name of another
  /// client.
  private var isAsWhomItShouldBe: Bool {
    var connection: UnsafeMutablePointer<curl_tlssessioninfo>?
    guard let handle, askel_curl_get_tls(handle, &connection) == CURLE_OK,
      let session = connection?.pointee.internals
    else { return refuseConnection() }
    let shown = ShownCertificate.shown(by: OpaquePointer(session))
    guard shown?.chain == request.certificate?.chain else { return refuseConnection() }
    if let certificate = request.certificate { shown?.renew(certificate) }
    return true
  }

  private func refuseConnection() -> Bool {
    stopped = S4Error(
      .hostUnfit,
      "the libcurl in this process gave a request the connection of another client certificate, and nothing was sent: "
        + "install another version of libcurl4")
    return false
  }

  private func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let total = Int64(body.count) &+ Int64(bytes.count)
    if total > Int64(request.maximumBody) {
      stopped = S4Error(
        .tooLarge,
        "the answer of \(request.origin.host) passes \(request.maximumBody) bytes: ask for smaller pages "
          + "or raise max_answer_bytes", outcome: .unknown)
      return false
    }
    if total > 4 << 20, let handle {
      var wire: curl_off_t = 0
      askel_curl_get_size(handle, CURLINFO_SIZE_DOWNLOAD_T, &wire)
      if total / max(1, Int64(wire)) > Self.maximumInflation {
        stopped = S4Error(
          .tooLarge,
          "the answer of \(request.origin.host) inflates to over \(Self.maximumInflation) times its size: "
            + "this is no page of documents", outcome: .unknown)
        return false
      }
    }
    guard body.append(bytes) else {
      stopped = Self.shortOfMemory
      return false
    }
    return true
  }

  private func receiveHeader(_ bytes: UnsafeRawBufferPointer) -> Bool {
    headerBytes &+= bytes.count
    guard headerBytes <= Self.maximumHeaderBytes else {
      stopped = S4Error(
        .tooLarge, "the headers of \(request.origin.host) pass \(Self.maximumHeaderBytes) bytes", outcome: .unknown)
      return false
    }
    // Credentials of SAP's session: kept where they are wanted, and nowhere else, not even as text on the heap.
    if let value = Self.value(of: "x-csrf-token:", bytes) {
      let isDemand = String(decoding: value.prefix(9), as: UTF8.self).lowercased() == "required"
      if isDemand { demandsToken = true } else { session?.add(token: value) }
      return true
    }
    if let value = Self.value(of: "set-cookie:", bytes) {
      session?.add(cookie: value)
      return true
    }
    let line = String(decoding: bytes, as: UTF8.self)
    if line.hasPrefix("HTTP/") {
      // An interim answer (100) went before.
      headers.removeAll()
      body.removeAll()
      demandsToken = false
      return true
    }
    guard let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")) else { return true }
    let name = line[..<colon].lowercased()
    let value = line[line.utf8.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
    headers.append((name, String(value.prefix { !$0.isNewline })))
    return true
  }

  /// - Returns: what stands behind the name, without blanks around it; nil for another header.
  private static func value(of name: StaticString, _ line: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
    let count = name.utf8CodeUnitCount
    guard line.count >= count,
      zip(line, UnsafeBufferPointer(start: name.utf8Start, count: count)).allSatisfy({
        (0x41...0x5A ~= $0 ? $0 | 0x20 : $0) == $1
      })
    else { return nil }
    var value = line[count...].drop { $0 <= 0x20 }
    while let last = value.last, last <= 0x20 { value = value.dropLast() }
    return UnsafeRawBufferPointer(rebasing: value)
  }

  private func admits(_ address: UnsafeMutablePointer<curl_sockaddr>) -> Bool {
    if mayBePrivate { return true }
    let raw = UnsafeRawBufferPointer(
      start: UnsafeRawPointer(address) + (MemoryLayout<curl_sockaddr>.offset(of: \.addr) ?? 0),
      count: Int(address.pointee.addrlen))
    if AddressRule.isPublic(Addresses.bytes(address.pointee.family, raw) ?? []) { return true }
    stopped = insideNetwork
    return false
  }
}
