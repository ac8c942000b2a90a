// SPDX-License-Identifier: Apache-2.0

import Basics
import HTTP

/// Counts of one connection's requests.
struct ConnectionCounts: Sendable {
  var api = RequestCounts()
  var token = RequestCounts()
}

/// Counts of requests to one end, with a histogram of how long they took.
struct RequestCounts: Sendable {
  /// Upper bounds of the histogram's buckets in milliseconds.
  private static let bounds: [Int64] = [
    1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000,
  ]

  private var requests: UInt64 = 0
  private var retries: UInt64 = 0
  /// By the first digit of the status: 1xx to 5xx.
  private var answers: [UInt64] = [0, 0, 0, 0, 0]
  private var unanswered: UInt64 = 0
  private var bytesSent: UInt64 = 0
  private var bytesWire: UInt64 = 0
  private var bytes: UInt64 = 0
  private var longest: Int64 = 0
  private var sum: Int64 = 0
  private var buckets = [UInt64](repeating: 0, count: bounds.count)

  mutating func add(_ request: HTTPRequest, _ result: Result<HTTPResponse, S4Error>, _ milliseconds: Int64) {
    if case .failure(let error) = result, error.outcome == .notSent { return }
    requests &+= 1
    if request.label.attempt > 1 { retries &+= 1 }
    bytesSent &+= UInt64(clamping: request.body?.count ?? request.payload?.count ?? 0)
    switch result {
    case .success(let response):
      let digit = response.status / 100 - 1
      if answers.indices.contains(digit) { answers[digit] &+= 1 }
      bytesWire &+= UInt64(clamping: response.bytesWire)
      bytes &+= UInt64(clamping: response.body.count)
    case .failure: unanswered &+= 1
    }
    longest = max(longest, milliseconds)
    sum &+= milliseconds
    if let bucket = Self.bounds.firstIndex(where: { milliseconds <= $0 }) { buckets[bucket] &+= 1 }
  }

  mutating func add(_ other: RequestCounts) {
    requests &+= other.requests
    retries &+= other.retries
    for index in answers.indices { answers[index] &+= other.answers[index] }
    unanswered &+= other.unanswered
    bytesSent &+= other.bytesSent
    bytesWire &+= other.bytesWire
    bytes &+= other.bytes
    longest = max(longest, other.longest)
    sum &+= other.sum
    for index in buckets.indices { buckets[index] &+= other.buckets[index] }
  }

  func write(to writer: inout JSONWriter) {
    writer.object { members in
      members.member("requests", requests)
      members.member("retries", retries)
      members.key("answers")
      members.object { list in
        for (index, count) in answers.enumerated() { list.member("\(index + 1)xx", count) }
      }
      members.member("unanswered", unanswered)
      members.member("bytes_sent", bytesSent)
      members.member("bytes_wire", bytesWire)
      members.member("bytes", bytes)
      members.key("latency_ms")
      members.object { latency in
        latency.member("count", requests)
        latency.member("sum", sum)
        latency.member("max", longest)
        latency.key("le")
        latency.array { list in
          var total: UInt64 = 0
          for (bound, count) in zip(Self.bounds, buckets) {
            total &+= count
            list.array { pair in
              pair.integer(bound)
              pair.integer(total)
            }
          }
        }
      }
    }
  }
}
