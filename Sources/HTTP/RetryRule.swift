// SPDX-License-Identifier: Apache-2.0

import Basics

/// Whether, and when, a request is sent again. Pure: what became of the last attempt goes in, what to do comes out.
///
/// What has no effect is repeated after a lost connection and after answers that pass (408, 429, 500, 502, 503, 504). A
/// write is repeated only where the answer proves that it was not processed: 429, and a 401 for a token. Waits grow
/// exponentially with full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter"); what `Retry-After` says is
/// the least (RFC 9110 section 10.2.3). The deadline wins: what would be waited for in vain is given up at once.
package struct RetryRule: Sendable {
  /// What repeating the request could do at the tenant.
  package enum Effect: Sendable {
    /// A read; a token, which is minted once more; a write that the tenant carries out once, however often it comes.
    case none
    /// The same write twice.
    case write
  }

  /// How an attempt ended.
  package enum Ending: Equatable, Sendable {
    /// - Parameter retryAfter: milliseconds; nil where the answer does not say.
    case answer(status: Int, retryAfter: Int64?)
    /// The API answered 401 to a token that was just minted. Not where the credential itself was sent: a second attempt
    /// would count as another failed logon.
    case tokenRefused
    /// The connection was lost before any answer, or inside of it.
    case lost
    /// Everything else: a time that is over, a name that does not resolve, a certificate that is not trusted.
    case failed
  }

  package enum Verdict: Equatable, Sendable {
    case giveUp
    /// - Parameter milliseconds: to wait before.
    case again(milliseconds: Int64)
  }

  /// Retries where the product says nothing. 429 is not counted: a tenant that says when to come back is waited for.
  package static let usualLimit = 4
  /// Milliseconds of the first wait, at most; each further one may be twice as long.
  static let firstWait: Int64 = 250
  static let longestWait: Int64 = 20_000

  private let effect: Effect
  private let limit: Int
  /// The request is a trial: an error of the server's is its answer.
  private let isTrial: Bool
  private var retries = 0
  /// How often it said to send the request again.
  package private(set) var repeats: UInt32 = 0
  private var waits = 0
  private var hasRenewed = false
  private var hasLost = false

  /// - Parameters:
  ///   - limit: retries; 0 switches all off, but for the new token after a 401.
  ///   - isTrial: 500 is an answer as good as any.
  package init(_ effect: Effect, limit: Int = usualLimit, isTrial: Bool = false) {
    self.effect = effect
    self.limit = limit
    self.isTrial = isTrial
  }

  /// - Parameters:
  ///   - remaining: milliseconds until the deadline.
  ///   - random: gives a number from 0 to the given one.
  package mutating func verdict(
    after ending: Ending, remaining: Int64, random: (Int64) -> Int64 = { .random(in: 0...$0) }
  ) -> Verdict {
    let verdict = decide(after: ending, remaining, random)
    if case .again = verdict { repeats += 1 }
    return verdict
  }

  private mutating func decide(after ending: Ending, _ remaining: Int64, _ random: (Int64) -> Int64) -> Verdict {
    guard remaining > 0 else { return .giveUp }
    switch ending {
    case .tokenRefused:
      // It may have been too fresh for the API; a second one is not.
      guard !hasRenewed else { return .giveUp }
      hasRenewed = true
      return .again(milliseconds: 0)
    case .answer(status: 429, let retryAfter):
      guard limit > 0 else { return .giveUp }
      return wait(retryAfter, remaining, random)
    case .answer(let status, let retryAfter):
      guard effect == .none, Self.passes(status), !(isTrial && status == 500), retries < limit else { return .giveUp }
      retries += 1
      return wait(retryAfter, remaining, random)
    case .lost:
      guard effect == .none, retries < limit else { return .giveUp }
      retries += 1
      // A kept-alive connection that the other side had closed: the first loss says nothing of the host.
      guard hasLost else {
        hasLost = true
        return .again(milliseconds: 0)
      }
      return wait(nil, remaining, random)
    case .failed: return .giveUp
    }
  }

  private static func passes(_ status: Int) -> Bool {
    switch status {
    case 408, 500, 502, 503, 504: true
    default: false
    }
  }

  private mutating func wait(_ retryAfter: Int64?, _ remaining: Int64, _ random: (Int64) -> Int64) -> Verdict {
    let ceiling = min(Self.longestWait, Self.firstWait << min(waits, 16))
    waits += 1
    let jitter = min(max(random(ceiling), 0), ceiling)
    // Behind the moment that was named by a little: all who were told the same do not come back together.
    let (wait, overflow) = (retryAfter ?? 0).addingReportingOverflow(retryAfter == nil ? jitter : jitter / 4)
    return overflow || wait >= remaining ? .giveUp : .again(milliseconds: max(wait, 0))
  }
}

extension RetryRule.Ending {
  /// Nothing proves that the attempt was not carried out.
  package var mayHaveHadEffect: Bool {
    switch self {
    case .answer(let status, _): status >= 500 || status == 408
    case .tokenRefused: false
    case .lost, .failed: true
    }
  }

  package init(_ result: Result<HTTPResponse, S4Error>) {
    self =
      switch result {
      case .success(let response):
        .answer(status: response.status, retryAfter: response.retryAfter.map { $0 * 1_000 })
      case .failure(let error): error.isConnectionLost ? .lost : .failed
      }
  }
}
