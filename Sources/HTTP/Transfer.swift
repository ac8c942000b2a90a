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
  /// Where the host is; nil until it was looked up.
  private(set) var addresses: Addresses?
  private var headerList: UnsafeMutablePointer<curl_slist>?
  /// What libcurl is told of the host: it resolves nothing itself.
  private var route: [UnsafeMutablePointer<curl_slist>] = []
  /// libcurl's own words on a failure: see `CertificateAlert`.
  private var words: UnsafeMutablePointer<CChar>?
  var headers: [(name: String, value: String)] = []
  var headerBytes = 0
  var session: SessionCollector?
  var demandsToken = false
  var wasSent = false
  let body: Body
  /// Why a callback of ours stopped the transfer; it tells more than libcurl's code.
  var stopped: S4Error?

  /// What an empty body points to: without an address libcurl would read one from standard input. Never freed.
  nonisolated(unsafe) private static let nothing = UnsafeRawPointer(
    UnsafeMutableRawPointer.allocate(byteCount: 1, alignment: 1))
  static let maximumHeaderBytes = 256 << 10
  /// gzip's own limit is about 1,032:1; real pages come at about 20:1.
  static let maximumInflation: Int64 = 250

  init(id: UInt64, request: HTTPRequest, completion: @escaping Completion) {
    self.id = id
    self.request = request
    self.completion = completion
    self.body = Body(isSecret: request.isAnswerSecret)
    session = request.wantsSession ? SessionCollector(host: request.origin.host) : nil
  }

  deinit {
    if let headerList { curl_slist_free_all(headerList) }
    if let handle { curl_easy_cleanup(handle) }
    for list in route { curl_slist_free_all(list) }
    words?.deallocate()
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
      // Requests that start together go over one connection, too.
      askel_curl_set_long(easy, CURLOPT_PIPEWAIT, request.version == .http2 ? 1 : 0),
      askel_curl_set_pointer(easy, CURLOPT_PRIVATE, me),
      askel_curl_set_pointer(easy, CURLOPT_WRITEDATA, me),
      askel_curl_set_pointer(easy, CURLOPT_HEADERDATA, me),
      askel_curl_set_pointer(easy, CURLOPT_OPENSOCKETDATA, me),
      askel_curl_set_write(easy, CURLOPT_WRITEFUNCTION, Self.onBody),
      askel_curl_set_write(easy, CURLOPT_HEADERFUNCTION, Self.onHeader),
      askel_curl_set_open_socket(easy, Self.onOpenSocket),
      askel_curl_set_pointer(easy, CURLOPT_SSL_CTX_DATA, me),
      askel_curl_set_ssl_context(easy, Self.onTLSContext),
      askel_curl_set_pointer(easy, CURLOPT_PREREQDATA, me),
      askel_curl_set_prerequest(easy, Self.onRequest),
    ]
    results += try routeOptions(easy)
    results += trustOptions(easy)
    results += certificateOptions(easy)
    results += wordOptions(easy)
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
    var status = 0
    var wire: curl_off_t = 0
    if let handle {
      askel_curl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
      askel_curl_get_size(handle, CURLINFO_SIZE_DOWNLOAD_T, &wire)
    }
    if var stopped {
      // What a callback of ours found in an answer: the request went out.
      if wasSent, stopped.outcome == .notSent { stopped.outcome = .unknown }
      stopped.httpStatus = proven(status)
      return .failure(stopped)
    }
    if code != CURLE_OK, let words {
      let text = String(cString: words)
      if request.certificate != nil, let alert = CertificateAlert(text) {
        return .failure(alert.error(code, host: request.origin.host))
      }
      if code == CURLE_SSL_CONNECT_ERROR, CertificateAlert.isCutOff(text) {
        return .failure(CurlFault.beforeTLS(request.origin.host))
      }
    }
    guard code == CURLE_OK, handle != nil else {
      var error = CurlFault.error(code, host: request.origin.host, hadAnswer: headerBytes > 0)
      // Before the request went out, nothing can have come of it; behind a status, that much is known.
      if !wasSent { error.outcome = .notSent }
      error.httpStatus = proven(status)
      return .failure(error)
    }
    if !(200...299 ~= status) { blotEchoes(EchoMask.pieces(of: request)) }
    // Not what its cookies hold: values like "sap-client=100" stand in documents too.
    if request.isAnswerHandedOn, 200...299 ~= status { blotEchoes(EchoMask.pieces(of: request, inSession: false)) }
    var response = HTTPResponse(status: status, headers: headers, body: body, bytesWire: Int64(wire))
    response.session = session?.grant
    response.demandsToken = demandsToken
    return .success(response)
  }

  /// The status of an answer that was not read to its end; 0 for one that may be a web page: a proxy's login says 200 to
  /// what the tenant never saw.
  private func proven(_ status: Int) -> Int32 {
    guard headerBytes > 0 else { return 0 }
    let type = headers.first { $0.name == "content-type" }?.value.lowercased()
    let isPage = type.map { $0.hasPrefix("text/html") || $0.hasPrefix("application/xhtml") } ?? (status == 200)
    return isPage && 200...299 ~= status ? 0 : Int32(clamping: status)
  }

  private func blotEchoes(_ pieces: [SecretBytes]) {
    body.blot(pieces)
    for index in headers.indices {
      var text = Array(headers[index].value.utf8)
      text.withUnsafeMutableBytes { EchoMask.blot(pieces, in: $0) }
      headers[index].value = String(decoding: text, as: UTF8.self)
    }
  }

  /// Takes what the host resolved to, once: what is connected to is what was checked.
  func take(_ found: Addresses) -> Lookups.Admission {
    guard found.arePublic || mayBePrivate else { return .refused(insideNetwork) }
    addresses = found
    return .go
  }

  var mayBePrivate: Bool { request.trust.allowedHosts.contains(request.origin.host) }

  var insideNetwork: S4Error {
    S4Error(
      .hostRefused,
      "\(request.origin.host) resolves to an address inside a private network: check the host, or name "
        + "it in allow_host when that is meant", target: "host")
  }

  /// Sends libcurl to the addresses by way of a name that is made of the host and of what is shown to it. By that name
  /// libcurl keeps connections and TLS sessions: those of different credentials are never one. The host itself is what
  /// the certificate is checked for.
  private func routeOptions(_ easy: UnsafeMutableRawPointer) throws(S4Error) -> [CURLcode] {
    guard let addresses else { throw Self.shortOfMemory }
    let name = routeName
    for line in ["::" + name + ":", "+" + name + ":" + String(request.origin.port) + ":" + addresses.text] {
      guard let list = curl_slist_append(nil, line) else { throw Self.shortOfMemory }
      route.append(list)
    }
    return [
      askel_curl_set_pointer(easy, CURLOPT_CONNECT_TO, route[0]),
      askel_curl_set_pointer(easy, CURLOPT_RESOLVE, route[1]),
      // Longer than a request waits for its turn on a connection; renewed by each.
      askel_curl_set_long(easy, CURLOPT_DNS_CACHE_TIMEOUT, 3_600),
    ]
  }

  private var routeName: String {
    let chain = request.certificate?.chain.withUnsafeBytes { SHA256.hex($0) } ?? ""
    let parts = [request.origin.url, request.identity, mayBePrivate ? "inside" : "", chain]
    return Array(parts.joined(separator: "\n").utf8).withUnsafeBytes { String(SHA256.hex($0).utf8.prefix(32)) ?? "" }
  }

  private func trustOptions(_ easy: UnsafeMutableRawPointer) -> [CURLcode] {
    guard !request.trust.certificateAuthorities.isEmpty else {
      // With a folder beside the file libcurl would read the system's authorities anew for each connection: 17 ms, and
      // their memory each time.
      let hasFile = askel_curl_version()?.pointee.cainfo != nil
      return hasFile ? [askel_curl_set_pointer(easy, CURLOPT_CAPATH, nil)] : []
    }
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

  /// The certificate itself is none of libcurl's: see `ShownCertificate`.
  private func certificateOptions(_ easy: UnsafeMutableRawPointer) -> [CURLcode] {
    // A resumed session has the client's certificate of the one before.
    request.certificate == nil ? [] : [askel_curl_set_long(easy, CURLOPT_SSL_SESSIONID_CACHE, 0)]
  }

  private func wordOptions(_ easy: UnsafeMutableRawPointer) -> [CURLcode] {
    let words = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    words.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    self.words = words
    return [askel_curl_set_pointer(easy, CURLOPT_ERRORBUFFER, words)]
  }

  private func payloadOptions(_ easy: UnsafeMutableRawPointer) throws(S4Error) -> [CURLcode] {
    for line in request.headers {
      guard line.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
        throw S4Error(.invalidArgument, "a header value holds a control character: \(line.prefix { $0 != ":" })")
      }
      try appendHeader { curl_slist_append(headerList, line) }
    }
    for secret in [request.authorization].compactMap({ $0 }) + (request.session?.lines ?? []) {
      try appendHeader { () -> UnsafeMutablePointer<curl_slist>? in
        secret.withUnsafeBytes { bytes -> UnsafeMutablePointer<curl_slist>? in
          guard let line = bytes.baseAddress, bytes.last == 0 else { return nil }
          return curl_slist_append(headerList, line.assumingMemoryBound(to: CChar.self))
        }
      }
    }
    var results: [CURLcode] = []
    let count = request.body?.count ?? request.payload?.count
    if request.method == .post || count != nil {
      // Nobody waits for an interim answer.
      try appendHeader { curl_slist_append(headerList, "Expect:") }
      // Without a body libcurl would call it a form all the same.
      if count == nil { try appendHeader { curl_slist_append(headerList, "Content-Type:") } }
      results.append(askel_curl_set_long(easy, CURLOPT_POST, 1))
      results.append(askel_curl_set_size(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(count ?? 0)))
      // Not copied by libcurl: the request, and with it the body, lives as long as this transfer.
      let address = request.body?.withUnsafeBytes { $0.baseAddress } ?? request.payload?.bytes.baseAddress
      results.append(askel_curl_set_pointer(easy, CURLOPT_POSTFIELDS, address ?? Self.nothing))
    }
    if request.method == .head { results.append(askel_curl_set_long(easy, CURLOPT_NOBODY, 1)) }
    if request.method != .get, request.method != .post, request.method != .head {
      results.append(
        request.method.rawValue.withCString { askel_curl_set_pointer(easy, CURLOPT_CUSTOMREQUEST, $0) })
    }
    results.append(askel_curl_set_pointer(easy, CURLOPT_HTTPHEADER, headerList))
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

  static let shortOfMemory = S4Error(.hostUnfit, "the process is short of memory: nothing was sent")
}
