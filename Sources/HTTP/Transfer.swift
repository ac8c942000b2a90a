// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif
import Basics
import CCurl
import Secrets

/// One request on its way through libcurl.
///
/// `@unchecked Sendable`: everything but `id` is touched by the engine's I/O thread alone once it is submitted.
final class Transfer: @unchecked Sendable {
  typealias Completion = @Sendable (Result<HTTPResponse, S4Error>) -> Void

  let id: UInt64
  let request: HTTPRequest
  let completion: Completion
  var handle: UnsafeMutableRawPointer?
  private var headerList: UnsafeMutablePointer<curl_slist>?
  private var headers: [(name: String, value: String)] = []
  private var headerBytes = 0
  private var wasSent = false
  private let body: Body
  /// Why a callback of ours stopped the transfer; it tells more than libcurl's code.
  private var stopped: S4Error?

  static let maximumHeaderBytes = 256 << 10
  /// gzip's own limit is about 1,032:1; real pages come at about 20:1.
  static let maximumInflation: Int64 = 250

  init(id: UInt64, request: HTTPRequest, completion: @escaping Completion) {
    self.id = id
    self.request = request
    self.completion = completion
    self.body = Body(isSecret: request.isAnswerSecret)
  }

  deinit {
    if let headerList { curl_slist_free_all(headerList) }
    if let handle { curl_easy_cleanup(handle) }
  }

  /// Makes the easy handle with every rule of the engine set.
  func prepare() throws(S4Error) -> UnsafeMutableRawPointer {
    guard !request.deadline.hasPassed else { throw timedOut("before anything was sent") }
    guard let easy = curl_easy_init() else { throw Self.shortOfMemory }
    handle = easy
    let me = Unmanaged.passUnretained(self).toOpaque()
    // A failing option is a libcurl that lacks what the promises rest on: nothing is sent then.
    var results: [CURLcode] = [
      (request.origin.url + request.target).withCString { askel_curl_set_pointer(easy, CURLOPT_URL, $0) },
      "https".withCString { askel_curl_set_pointer(easy, CURLOPT_PROTOCOLS_STR, $0) },
      "".withCString { askel_curl_set_pointer(easy, CURLOPT_PROXY, $0) },
      "gzip".withCString { askel_curl_set_pointer(easy, CURLOPT_ACCEPT_ENCODING, $0) },
      askel_curl_set_long(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1),
      askel_curl_set_long(easy, CURLOPT_PATH_AS_IS, 1),
      askel_curl_set_long(easy, CURLOPT_FOLLOWLOCATION, 0),
      askel_curl_set_long(easy, CURLOPT_NOSIGNAL, 1),
      askel_curl_set_long(easy, CURLOPT_QUICK_EXIT, 1),
      askel_curl_set_long(easy, CURLOPT_SSL_VERIFYPEER, 1),
      askel_curl_set_long(easy, CURLOPT_SSL_VERIFYHOST, 2),
      askel_curl_set_long(easy, CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2)),
      askel_curl_set_long(easy, CURLOPT_TIMEOUT_MS, Int(max(1, request.deadline.remainingMilliseconds))),
      askel_curl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, 20_000),
      askel_curl_set_long(
        easy, CURLOPT_HTTP_VERSION,
        Int(
          request.version == .http2
            ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1)),
      askel_curl_set_pointer(easy, CURLOPT_PRIVATE, me),
      askel_curl_set_pointer(easy, CURLOPT_WRITEDATA, me),
      askel_curl_set_pointer(easy, CURLOPT_HEADERDATA, me),
      askel_curl_set_pointer(easy, CURLOPT_OPENSOCKETDATA, me),
      askel_curl_set_write(easy, CURLOPT_WRITEFUNCTION, Self.onBody),
      askel_curl_set_write(easy, CURLOPT_HEADERFUNCTION, Self.onHeader),
      askel_curl_set_open_socket(easy, Self.onOpenSocket),
      askel_curl_set_ssl_context(easy, Self.onTLSContext),
      askel_curl_set_pointer(easy, CURLOPT_PREREQDATA, me),
      askel_curl_set_prerequest(easy, Self.onRequest),
    ]
    results += trustOptions(easy)
    results += try payloadOptions(easy)
    guard results.allSatisfy({ $0 == CURLE_OK }) else {
      throw S4Error(
        .hostUnfit, "the libcurl in this process lacks an option that this library needs: install 7.88 or newer")
    }
    return easy
  }

  /// Turns libcurl's verdict into the answer or the error, and hands it over.
  func finish(_ code: CURLcode) {
    completion(outcome(code))
  }

  func stop(_ error: S4Error) {
    completion(.failure(error))
  }

  private func outcome(_ code: CURLcode) -> Result<HTTPResponse, S4Error> {
    if let stopped { return .failure(stopped) }
    guard code == CURLE_OK, let easy = handle else {
      return .failure(CurlFault.error(code, host: request.origin.host, hadAnswer: headerBytes > 0))
    }
    var status = 0
    var wire: curl_off_t = 0
    askel_curl_get_long(easy, CURLINFO_RESPONSE_CODE, &status)
    askel_curl_get_size(easy, CURLINFO_SIZE_DOWNLOAD_T, &wire)
    return .success(HTTPResponse(status: status, headers: headers, body: body, bytesWire: Int64(wire)))
  }

  private func trustOptions(_ easy: UnsafeMutableRawPointer) -> [CURLcode] {
    guard !request.trust.certificateAuthorities.isEmpty else { return [] }
    return request.trust.certificateAuthorities.withUnsafeBytes { pem in
      var blob = curl_blob(
        data: UnsafeMutableRawPointer(mutating: pem.baseAddress), len: pem.count, flags: UInt32(CURL_BLOB_COPY))
      return [
        askel_curl_set_pointer(easy, CURLOPT_CAINFO, nil),
        askel_curl_set_pointer(easy, CURLOPT_CAPATH, nil),
        askel_curl_set_pointer(easy, CURLOPT_CAINFO_BLOB, &blob),
      ]
    }
  }

  private func payloadOptions(_ easy: UnsafeMutableRawPointer) throws(S4Error) -> [CURLcode] {
    for line in request.headers {
      guard line.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
        throw S4Error(.invalidArgument, "a header value holds a control character: \(line.prefix { $0 != ":" })")
      }
      try appendHeader { curl_slist_append(headerList, line) }
    }
    if let authorization = request.authorization {
      try appendHeader { () -> UnsafeMutablePointer<curl_slist>? in
        authorization.withUnsafeBytes { bytes -> UnsafeMutablePointer<curl_slist>? in
          guard let line = bytes.baseAddress, bytes.last == 0 else { return nil }
          return curl_slist_append(headerList, line.assumingMemoryBound(to: CChar.self))
        }
      }
    }
    var results = [askel_curl_set_pointer(easy, CURLOPT_HTTPHEADER, headerList)]
    if request.method == .post {
      results.append(askel_curl_set_long(easy, CURLOPT_POST, 1))
      results.append(askel_curl_set_size(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.body?.count ?? 0)))
      // Not copied by libcurl: the request, and with it the body, lives as long as this transfer.
      request.body?.withUnsafeBytes {
        results.append(askel_curl_set_pointer(easy, CURLOPT_POSTFIELDS, $0.baseAddress))
      }
    }
    return results
  }

  private func appendHeader(_ append: () -> UnsafeMutablePointer<curl_slist>?) throws(S4Error) {
    guard let grown = append() else { throw Self.shortOfMemory }
    headerList = grown
  }

  func timedOut(_ when: String) -> S4Error {
    S4Error(
      .timedOut, "\(request.origin.host) did not answer in time (\(when)): try again or give more time",
      isRetryable: true)
  }

  private static let shortOfMemory = S4Error(.hostUnfit, "the process is short of memory: nothing was sent")
}

// libcurl's callbacks, on the I/O thread.
extension Transfer {
  private static func from(_ pointer: UnsafeMutableRawPointer?) -> Transfer? {
    pointer.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
  }

  private static let onBody: @convention(c) (UnsafeMutablePointer<CChar>?, Int, Int, UnsafeMutableRawPointer?) -> Int =
    { data, size, count, pointer in
      guard let transfer = Transfer.from(pointer) else { return 0 }
      let bytes = UnsafeRawBufferPointer(start: data, count: size &* count)
      return transfer.receive(bytes) ? bytes.count : 0
    }

  private static let onHeader:
    @convention(c) (UnsafeMutablePointer<CChar>?, Int, Int, UnsafeMutableRawPointer?) -> Int =
      { data, size, count, pointer in
        guard let transfer = Transfer.from(pointer) else { return 0 }
        let bytes = UnsafeRawBufferPointer(start: data, count: size &* count)
        return transfer.receiveHeader(bytes) ? bytes.count : 0
      }

  private static let onOpenSocket:
    @convention(c) (UnsafeMutableRawPointer?, curlsocktype, UnsafeMutablePointer<curl_sockaddr>?) -> curl_socket_t =
      { pointer, _, address in
        guard let transfer = Transfer.from(pointer), let address, transfer.admits(address) else { return -1 }
        return socket(
          address.pointee.family, address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue),
          address.pointee.protocol)
      }

  // SSLKEYLOGFILE makes libcurl write session keys; and OpenSSL keeps decrypted records unless told not to.
  private static let onTLSContext:
    @convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, UnsafeMutableRawPointer?) -> CURLcode =
      { _, context, _ in
        askel_ssl_context_wipe_plaintext(context)
        askel_ssl_context_no_key_log(context)
        return CURLE_OK
      }

  // libcurl sends a request again by itself when a kept-alive connection turns out to be dead. A token goes out once,
  // and whether a request is repeated is not libcurl's to decide.
  private static let onRequest:
    @convention(c) (
      UnsafeMutableRawPointer?, UnsafeMutablePointer<CChar>?, UnsafeMutablePointer<CChar>?, Int32, Int32
    ) -> Int32 = { pointer, _, _, _, _ in
      guard let transfer = Transfer.from(pointer), !transfer.wasSent else { return CURL_PREREQFUNC_ABORT }
      transfer.wasSent = true
      return CURL_PREREQFUNC_OK
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
    // Credentials of SAP's session: nothing here uses them, so nothing here keeps them, not even as text on the heap.
    if Self.isSessionCredential(bytes) { return true }
    let line = String(decoding: bytes, as: UTF8.self)
    if line.hasPrefix("HTTP/") {
      // An interim answer (100) went before.
      headers.removeAll()
      body.removeAll()
      return true
    }
    guard let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")) else { return true }
    let name = line[..<colon].lowercased()
    let value = line[line.utf8.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
    headers.append((name, String(value.prefix { !$0.isNewline })))
    return true
  }

  private static func isSessionCredential(_ line: UnsafeRawBufferPointer) -> Bool {
    ["set-cookie:", "x-csrf-token:"].contains { (name: StaticString) in
      line.count >= name.utf8CodeUnitCount
        && zip(line, UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)).allSatisfy {
          (0x41...0x5A ~= $0 ? $0 | 0x20 : $0) == $1
        }
    }
  }

  private func admits(_ address: UnsafeMutablePointer<curl_sockaddr>) -> Bool {
    if request.trust.allowedHosts.contains(request.origin.host) { return true }
    let raw = UnsafeRawBufferPointer(
      start: UnsafeRawPointer(address) + (MemoryLayout<curl_sockaddr>.offset(of: \.addr) ?? 0),
      count: Int(address.pointee.addrlen))
    // sockaddr_in: 4 bytes at 4; sockaddr_in6: 16 bytes at 8.
    let bytes: [UInt8]
    switch address.pointee.family {
    case AF_INET where raw.count >= 8: bytes = Array(raw[4..<8])
    case AF_INET6 where raw.count >= 24: bytes = Array(raw[8..<24])
    default: bytes = []
    }
    if AddressRule.isPublic(bytes) { return true }
    stopped = S4Error(
      .hostRefused,
      "\(request.origin.host) resolves to an address inside a private network: check the host, or name "
        + "it in allow_host when that is meant", target: "host")
    return false
  }
}
