// SPDX-License-Identifier: Apache-2.0

import Basics
import HTTP

/// What is told of the requests of an instance: counts, kept for each connection, and log records in the event queue.
/// Neither holds a secret, a query, or a document's key: these are the customer's data.
package final class Telemetry: Sendable {
  /// The raw values are the header's `ASKEL_S4_LOG_…` numbers.
  package enum Level: Int32, Sendable {
    case off = 0
    case error = 1
    case warning = 2
    case info = 3
    case debug = 4

    var name: String {
      switch self {
      case .off: "off"
      case .error: "error"
      case .warning: "warning"
      case .info: "info"
      case .debug: "debug"
      }
    }
  }

  private let level: Level
  private let events: EventQueue
  private let since = Timestamp.now
  /// By the connections' ids.
  private let counts = Locked(TextMap<ConnectionCounts>())

  init(level: Level, events: EventQueue) {
    self.level = level
    self.events = events
  }

  /// Takes what became of a request. On the I/O thread.
  func record(_ request: HTTPRequest, _ result: Result<HTTPResponse, S4Error>, _ nanoseconds: UInt64) {
    let isToken = request.isAnswerSecret
    let milliseconds = Int64(clamping: nanoseconds / 1_000_000)
    counts.withLock { counts in
      var count = counts[request.label.connection] ?? ConnectionCounts()
      if isToken {
        count.token.add(request, result, milliseconds)
      } else {
        count.api.add(request, result, milliseconds)
      }
      counts[request.label.connection] = count
    }
    let own = Self.level(of: result, isToken: isToken)
    guard own.rawValue <= level.rawValue else { return }
    var writer = JSONWriter()
    writer.object { record in
      record.member("event", "log")
      record.member("level", own.name)
      record.member("at", Timestamp.now.iso8601)
      record.member("what", isToken ? "token_request" : "request")
      record.member("connection", request.label.connection)
      record.member("request_id", request.label.id)
      record.member("traceparent", request.label.trace)
      record.member("attempt", request.label.attempt)
      record.member("method", request.method.rawValue)
      record.member("host", request.origin.host)
      record.member("path", Self.place(request.target))
      record.member("ms", milliseconds)
      Self.tell(result, in: &record)
    }
    events.push(record: writer.text)
  }

  private static func tell(_ result: Result<HTTPResponse, S4Error>, in record: inout JSONWriter) {
    switch result {
    case .success(let response):
      record.member("http_status", response.status)
      record.member("bytes", response.body.count)
      record.member("status", 0)
      record.member("message", nil)
    case .failure(let error):
      record.member("http_status", error.httpStatus)
      record.member("bytes", 0)
      record.member("status", error.code.rawValue)
      record.member("message", error.message)
    }
  }

  /// Of a document its entity set: A_SalesOrder of A_SalesOrder('1')/to_Item?$top=1.
  private static func place(_ target: String) -> String {
    String(target.prefix { $0 != "?" && $0 != "(" })
  }

  private static func level(of result: Result<HTTPResponse, S4Error>, isToken: Bool) -> Level {
    switch result {
    case .success(let response):
      switch response.status {
      case 401, 403, 408, 429, 500...: .warning
      case 400...: isToken ? .warning : .info
      default: isToken ? .debug : .info
      }
    case .failure(let error): error.code == .cancelled || error.code == .closed ? .debug : .error
    }
  }

  /// The connection is gone.
  func forget(_ connection: String) {
    counts.withLock { $0[connection] = nil }
  }

  /// The counts as JSON: the shape is in the header.
  /// - Parameter connection: nil: of all connections together.
  func stats(of connection: String?) -> String {
    let count = counts.withLock { counts -> ConnectionCounts in
      if let connection { return counts[connection] ?? ConnectionCounts() }
      return counts.values.reduce(into: ConnectionCounts()) { sum, one in
        sum.api.add(one.api)
        sum.token.add(one.token)
      }
    }
    var writer = JSONWriter()
    writer.object { stats in
      stats.member("connection", connection)
      stats.member("since", since.iso8601)
      stats.key("api")
      count.api.write(to: &stats)
      stats.key("token")
      count.token.write(to: &stats)
    }
    return writer.text
  }
}
