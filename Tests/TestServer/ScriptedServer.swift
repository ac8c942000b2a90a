// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif
import Basics
import CCurl
import TestSupport

/// A small HTTPS server at 127.0.0.1 that answers as a test says: for what a silent one cannot show. The sandbox tenant
/// is the one to test against a service.
///
/// `@unchecked Sendable`: everything but `state` is set once.
package final class ScriptedServer: @unchecked Sendable {
  package struct Request: Sendable {
    /// "POST /token HTTP/1.1"
    package var line: String
    package var headers: [String]
    package var body: String
    /// Common name of the client's certificate; "" for none.
    package var client: String
    /// Certificates that came with it.
    package var clientChain: Int

    /// The value of a header; the name as it was sent.
    package func header(_ name: String) -> String? {
      headers.first { $0.hasPrefix(name + ": ") }.map { String($0.dropFirst(name.utf8.count + 2)) }
    }
  }

  package struct Answer: Sendable {
    var status: Int
    var body: String
    var delay: UInt32

    /// - Parameter delay: milliseconds.
    package init(_ status: Int, _ body: String, delay: UInt32 = 0) {
      (self.status, self.body, self.delay) = (status, body, delay)
    }
  }

  private struct State {
    var threads: [pthread_t] = []
    var requests: [Request] = []
    var connections = 0
    var open: Set<Int32> = []
    var isStopped = false
  }

  package let port: UInt16
  private let descriptor: Int32
  private let context: OpaquePointer?
  private let asksLate: Bool
  private let script: @Sendable (Request) -> Answer
  private let state = Locked(State())

  /// - Parameters:
  ///   - refusesClients: certificates of clients are refused in the handshake, as of an unknown authority.
  ///   - asksLate: a certificate is asked for when a request has come, and not in the handshake.
  ///   - version: of TLS, the only one; 0: any.
  ///   - script: gives the answer of a request; called on several threads.
  package init(
    refusesClients: Bool = false, asksLate: Bool = false, version: Int32 = 0,
    _ script: @escaping @Sendable (Request) -> Answer
  ) {
    self.script = script
    self.asksLate = asksLate
    context = SSL_CTX_new(TLS_server_method())
    SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(version), nil)
    SSL_CTX_ctrl(context, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(version), nil)
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    port = Self.listen(descriptor)
    Self.use(TestCertificates.server, TestCertificates.serverKey, context)
    // Whoever shows a certificate is let in, or nobody; nobody has to.
    if refusesClients {
      SSL_CTX_set_verify(context, SSL_VERIFY_PEER) { _, _ in 0 }
    } else {
      SSL_CTX_set_verify(context, SSL_VERIFY_PEER | (asksLate ? SSL_VERIFY_POST_HANDSHAKE : 0)) { _, _ in 1 }
    }
    SSL_CTX_set_session_id_context(context, [1], 1)
    start { $0.acceptAll() }
  }

  deinit {
    SSL_CTX_free(context)
    close(descriptor)
  }

  /// Every request so far, in the order of their coming.
  package var requests: [Request] { state.withLock { $0.requests } }
  package var connections: Int { state.withLock { $0.connections } }
  package var origin: String { "127.0.0.1:\(port)" }

  /// Ends the server and its connections.
  package func stop() {
    shutdown(descriptor, Int32(SHUT_RDWR))
    state.withLock { state in
      state.isStopped = true
      for client in state.open { shutdown(client, Int32(SHUT_RDWR)) }
    }
    while let thread = state.withLock({ $0.threads.popLast() }) { pthread_join(thread, nil) }
  }

  private func acceptAll() {
    while case let client = accept(descriptor, nil, nil), client >= 0 {
      let isStopped = state.withLock { state in
        state.connections += 1
        state.open.insert(client)
        return state.isStopped
      }
      if isStopped { shutdown(client, Int32(SHUT_RDWR)) }
      start { $0.serve(client) }
    }
  }

  private func serve(_ client: Int32) {
    defer {
      state.withLock { _ = $0.open.remove(client) }
      close(client)
    }
    // A client that has gone is no reason for the process to end.
    var broken = sigset_t()
    sigemptyset(&broken)
    sigaddset(&broken, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &broken, nil)
    guard let session = SSL_new(context) else { return }
    defer { SSL_free(session) }
    SSL_set_fd(session, client)
    guard SSL_accept(session) == 1 else {
      // What the client has sent already would turn the end of this connection into a reset, and hide the alert.
      shutdown(client, Int32(SHUT_WR))
      var rest = [UInt8](repeating: 0, count: 4_096)
      while recv(client, &rest, rest.count, 0) > 0 {}
      return
    }
    while var request = Self.read(session) {
      if asksLate { Self.askNow(session, &request) }
      state.withLock { $0.requests.append(request) }
      let answer = script(request)
      usleep(answer.delay * 1_000)
      let text =
        "HTTP/1.1 \(answer.status) X\r\nContent-Type: application/json\r\n"
        + "Content-Length: \(answer.body.utf8.count)\r\n\r\n" + answer.body
      guard SSL_write(session, text, Int32(text.utf8.count)) > 0 else { break }
    }
    SSL_shutdown(session)
  }

  private static func read(_ session: OpaquePointer) -> Request? {
    var text = ""
    func more() -> Bool {
      var bytes = [UInt8](repeating: 0, count: 4_096)
      let count = SSL_read(session, &bytes, Int32(bytes.count))
      if count > 0 { text += String(decoding: bytes[..<Int(count)], as: UTF8.self) }
      return count > 0
    }
    while !text.contains("\r\n\r\n") { guard more() else { return nil } }
    let parts = text.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
    let lines = parts[0].split(separator: "\r\n").map(String.init)
    var request = Request(
      line: lines[0], headers: Array(lines.dropFirst()), body: "", client: client(session),
      clientChain: max(0, Int(OPENSSL_sk_num(SSL_get_peer_cert_chain(session)))))
    let length = request.header("Content-Length").flatMap { Int($0) } ?? 0
    while text.utf8.count < parts[0].utf8.count + 4 + length { guard more() else { return nil } }
    request.body = String(text.dropFirst(parts[0].count + 1))
    return request
  }

  private static func askNow(_ session: OpaquePointer, _ request: inout Request) {
    SSL_verify_client_post_handshake(session)
    SSL_do_handshake(session)
    // The client's answer is taken in by a read of nothing, which is not to wait for more.
    SSL_ctrl(session, SSL_CTRL_CLEAR_MODE, Int(SSL_MODE_AUTO_RETRY), nil)
    SSL_peek(session, nil, 0)
    SSL_ctrl(session, SSL_CTRL_MODE, Int(SSL_MODE_AUTO_RETRY), nil)
    request.client = client(session)
  }

  private static func client(_ session: OpaquePointer) -> String {
    guard let certificate = SSL_get1_peer_certificate(session) else { return "" }
    defer { X509_free(certificate) }
    var name = [CChar](repeating: 0, count: 128)
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, &name, 128)
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static func use(_ certificate: String, _ key: String, _ context: OpaquePointer?) {
    // What a BIO reads must live as long as it does: a text that is passed to C lives for that call alone.
    certificate.withCString { text in
      let input = BIO_new_mem_buf(text, -1)
      let read = PEM_read_bio_X509(input, nil, nil, nil)
      SSL_CTX_use_certificate(context, read)
      X509_free(read)
      BIO_free(input)
    }
    key.withCString { text in
      let input = BIO_new_mem_buf(text, -1)
      let pair = PEM_read_bio_PrivateKey(input, nil, nil, nil)
      SSL_CTX_use_PrivateKey(context, pair)
      EVP_PKEY_free(pair)
      BIO_free(input)
    }
  }

  private static func listen(_ descriptor: Int32) -> UInt16 {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        _ = bind(descriptor, generic, length)
        _ = getsockname(descriptor, generic, &length)
      }
    }
    Glibc.listen(descriptor, 64)
    return UInt16(bigEndian: address.sin_port)
  }

  /// Starts a thread, which `stop` joins.
  private func start(_ body: @escaping @Sendable (ScriptedServer) -> Void) {
    final class Work: Sendable {
      let run: @Sendable () -> Void
      init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
    var thread = pthread_t()
    let work = Unmanaged.passRetained(Work { [self] in body(self) })
    let code = pthread_create(
      &thread, nil,
      { argument in
        if let argument { Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().run() }
        return nil
      }, work.toOpaque())
    if code == 0 { state.withLock { $0.threads.append(thread) } } else { work.release() }
  }
}
