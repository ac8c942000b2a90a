// SPDX-License-Identifier: Apache-2.0

import Basics
import CCurl

/// What libcurl's codes mean to the product.
enum CurlFault {
  static func error(_ code: CURLcode, host: String, hadAnswer: Bool) -> S4Error {
    switch code {
    case CURLE_COULDNT_RESOLVE_HOST:
      S4Error(
        .unreachable, "the name \(host) does not resolve: check the host of the connection and the network",
        isRetryable: true)
    case CURLE_COULDNT_CONNECT:
      S4Error(.unreachable, "\(host) takes no connection: check host and port, and the network", isRetryable: true)
    case CURLE_OPERATION_TIMEDOUT:
      S4Error(
        .timedOut, "\(host) did not answer in time: try again or give more time", outcome: .unknown, isRetryable: true)
    case CURLE_PEER_FAILED_VERIFICATION:
      S4Error(
        .tlsRefused,
        "the certificate of \(host) is not trusted for that name: check the host, or give ca_file when "
          + "the tenant's certificates come from another authority")
    case CURLE_SSL_CERTPROBLEM:
      S4Error(
        .tlsRefused,
        "OpenSSL does not take the client certificate for \(host): its key may be too short for this host's settings; "
          + "put another one")
    case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CIPHER, CURLE_SSL_ISSUER_ERROR,
      CURLE_SSL_INVALIDCERTSTATUS:
      S4Error(.tlsRefused, "\(host) and this process agree on no TLS connection (\(text(code)))")
    case CURLE_SSL_CACERT_BADFILE:
      S4Error(
        .tlsRefused,
        "the certificate authorities of the connection to \(host) are no PEM certificates: give another ca_file")
    case CURLE_PARTIAL_FILE: cutOff(host)
    case CURLE_BAD_CONTENT_ENCODING, CURLE_HTTP2, CURLE_HTTP2_STREAM, CURLE_WEIRD_SERVER_REPLY,
      CURLE_UNSUPPORTED_PROTOCOL:
      S4Error(
        .malformedAnswer, "the answer of \(host) is cut off or no HTTP (\(text(code))): try again", outcome: .unknown,
        isRetryable: true)
    case CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_ABORTED_BY_CALLBACK:
      hadAnswer ? cutOff(host) : lost(host)
    case CURLE_OUT_OF_MEMORY where hadAnswer:
      // A header line beyond libcurl's own limit has this code too.
      S4Error(.tooLarge, "a header of \(host) is too long, or the process is short of memory", outcome: .unknown)
    case CURLE_OUT_OF_MEMORY:
      S4Error(.hostUnfit, "the process is short of memory", outcome: .unknown)
    default:
      S4Error(.unreachable, "the request to \(host) ended early (\(text(code)))", outcome: .unknown, isRetryable: true)
    }
  }

  private static func cutOff(_ host: String) -> S4Error {
    var error = S4Error(
      .malformedAnswer, "\(host) closed the connection before its answer was complete (cut off): try again",
      outcome: .unknown, isRetryable: true)
    error.isConnectionLost = true
    return error
  }

  /// The handshake was cut off, before anything of the request was sent.
  static func beforeTLS(_ host: String) -> S4Error {
    var error = S4Error(
      .unreachable, "\(host) closed the connection before TLS was agreed on: try again, and check host and port",
      isRetryable: true)
    error.isConnectionLost = true
    return error
  }

  private static func lost(_ host: String) -> S4Error {
    var error = S4Error(
      .unreachable, "\(host) closed the connection without an answer: try again", outcome: .unknown, isRetryable: true)
    error.isConnectionLost = true
    return error
  }

  private static func text(_ code: CURLcode) -> String {
    curl_easy_strerror(code).map { String(cString: $0) } ?? "libcurl code \(code.rawValue)"
  }
}
