// SPDX-License-Identifier: Apache-2.0

/// Why an operation failed: the one error type of every floor.
///
/// `message` is one line: what happened, with which value, and what to do; never a secret, a token or a signed URL.
package struct S4Error: Error, Equatable, Sendable {
  /// What the caller does next. The raw values are the header's `ASKEL_S4_…` numbers; a test holds them together.
  package enum Code: Int32, CaseIterable, Sendable {
    case invalidArgument = 1
    case closed = 2
    case forked = 3
    case cancelled = 4
    case timedOut = 5
    case pending = 6
    case notFound = 7
    case conflict = 8
    case vaultUnavailable = 10
    case vaultKeyRefused = 11
    case vaultCorrupt = 12
    case hostRefused = 20
    case originRefused = 21
    case credentialExpired = 30
    case unauthorised = 31
    case unreachable = 40
    case tlsRefused = 41
    case throttled = 42
    case outcomeUnknown = 43
    case serviceError = 50
    case notOData = 51
    case malformedAnswer = 52
    case readInconsistent = 53
    case tooLarge = 54
    case preconditionFailed = 55
    case preconditionRequired = 56
    case hostUnfit = 60
    case internalDefect = 99
  }

  /// What became of the operation at the tenant.
  package enum Outcome: Int32, Sendable {
    case notSent = 0
    case notProcessed = 1
    case processed = 2
    case unknown = 3
  }

  /// One of SAP's further messages.
  package struct Detail: Equatable, Sendable {
    package var code: String
    package var message: String
    package var severity: String
    package var target: String

    package init(code: String, message: String, severity: String = "", target: String = "") {
      self.code = code
      self.message = message
      self.severity = severity
      self.target = target
    }
  }

  package var code: Code
  package var message: String
  package var outcome: Outcome
  /// The same operation may succeed later without any change.
  package var isRetryable: Bool
  /// HTTP status of the answer; 0 where no answer came.
  package var httpStatus: Int32
  /// SAP's code, or the token endpoint's.
  package var sapCode: String
  /// An argument, a property, a service path.
  package var target: String
  package var details: [Detail]
  /// `Retry-After` in seconds; nil where the tenant said nothing.
  package var retryAfter: Int64?
  package var requestID: String
  /// The connection was lost, before any answer or inside of it: a request that may be repeated is sent again.
  package var isConnectionLost = false

  package init(
    _ code: Code, _ message: String, outcome: Outcome = .notSent, isRetryable: Bool = false, httpStatus: Int32 = 0,
    sapCode: String = "", target: String = "", details: [Detail] = [], retryAfter: Int64? = nil, requestID: String = ""
  ) {
    self.code = code
    self.message = message
    self.outcome = outcome
    self.isRetryable = isRetryable
    self.httpStatus = httpStatus
    self.sapCode = sapCode
    self.target = target
    self.details = details
    self.retryAfter = retryAfter
    self.requestID = requestID
  }

  /// An argument of the product is wrong.
  package static func invalidArgument(_ name: String, _ message: String) -> S4Error {
    S4Error(.invalidArgument, "\(name): \(message)", target: name)
  }
}

extension S4Error {
  package static let closed = S4Error(.closed, "the instance was closed: open a new one")
  package static let forked = S4Error(
    .forked, "this object was made before fork(): open a new instance in this process")
  package static let cancelled = S4Error(.cancelled, "the call was cancelled", outcome: .unknown)
}
