// SPDX-License-Identifier: Apache-2.0

import Basics
import Vault

/// What was learned about a connection's credential.
enum ConnectionOutcome: Sendable {
  /// The token endpoint took the credential; the API has not been asked.
  case minted
  /// The API answered, or a check went through.
  case proven
  case failed(S4Error)

  /// SAP's or the token endpoint's code, else the HTTP status of a refusal, else ours; nil for a success.
  var code: String? {
    guard case .failed(let error) = self else { return nil }
    if !error.sapCode.isEmpty { return error.sapCode }
    return error.httpStatus > 299 ? String(error.httpStatus) : "\(error.code)"
  }

  /// It says something of the credential itself, and not of what the API opens to it.
  var isOfCredential: Bool {
    switch self {
    case .minted: true
    case .proven: false
    case .failed(let error): error.code == .credentialExpired
    }
  }

  /// nil for a success.
  var message: String? {
    if case .failed(let error) = self { error.message } else { nil }
  }

  /// The state that follows; nil: what was known stays.
  func state(after state: ConnectionState) -> ConnectionState? {
    switch self {
    case .minted: state == .new || state == .expired ? .active : nil
    case .proven: .active
    case .failed(let error):
      switch error.code {
      case .credentialExpired: .expired
      case .unauthorised: .unauthorised
      // The product gave no time to ask: that says nothing of the tenant.
      case .timedOut where error.outcome == .notSent: nil
      case .unreachable, .timedOut, .tlsRefused: .unreachable
      default: nil
      }
    }
  }
}

/// What this process knows of a connection, and what an outcome makes of it. Without I/O.
struct ConnectionKnowledge: Sendable {
  /// What there is to write and to tell.
  struct Change: Equatable, Sendable {
    var generation: Int64
    /// What this process knew before.
    var from: ConnectionState
    var state: ConnectionState
    var code: String?
    var message: String?
    var isProof: Bool
    var isRejection: Bool
    /// A person asked: only such a proof ends a rejection.
    var isCheck: Bool
    var at: Timestamp
    /// The version that the entry came to with it: changes of one millisecond are told apart by that.
    var order: UInt64

    /// The vault has heard something later, from another process.
    func isOlder(than status: CredentialStatus) -> Bool {
      max(status.since.milliseconds, status.lastProof?.milliseconds ?? .min) > at.milliseconds
    }
  }

  var generation: Int64
  var state: ConnectionState
  var isRejected: Bool
  var provenAt: Timestamp?
  /// Code of the rejection, for whoever goes over to a standby because of it.
  var rejectionCode: String?
  /// Changes on their way into the vault: until they are there, this entry knows more than the vault.
  var saving = 0
  /// The credential was taken at least once since this process knows it.
  var worksHere = false
  /// Entity sets and services that the API refused and has not opened since. While there are any, a success elsewhere
  /// announces no recovery: a product that reads one closed service among open ones would be told of one with each read.
  var refused: Set<String> = []
  /// Earlier credentials that were rejected: requests that were under way when it was replaced must not repeat that.
  var rejectedBefore: Set<Int64> = []
  /// How often the credential was rejected, checks included: a check ignores those from before it was asked for.
  var rejections: UInt64 = 0
  /// Rises with all that this entry learns: a status that was read before is no news.
  var version: UInt64 = 0
  /// The last change that the vault did not take. It stands in this process and is offered to the vault again.
  var unsaved: Change?
  /// The last change, until the vault has it: what is asked meanwhile is told of it all the same.
  var pending: Change?
  /// When the credential ends: decides between active and expiring.
  var expiry = Expiry.unknown
  /// How this credential became the live one, until the vault has taken that.
  var fallOver: FallOver?
  /// That is on its way into the vault just now.
  var isFallingOver = false
  /// The vault was asked before: that it cannot be told is news once.
  var wasOffered = false

  /// A proof is written at most this often while nothing changes, in milliseconds: a commit per page would cost more
  /// than the page.
  static let proofInterval: Int64 = 600_000

  static let maximumRefused = 256

  init(generation: Int64, state: ConnectionState, isRejected: Bool, provenAt: Timestamp?, expiry: Expiry = .unknown) {
    self.generation = generation
    self.state = state
    self.isRejected = isRejected
    self.provenAt = provenAt
    self.expiry = expiry
  }

  /// What the vault says, and of what this process knew before that which the vault does not keep.
  init(_ status: CredentialStatus, after former: ConnectionKnowledge?) {
    self.init(
      generation: status.generation, state: status.state, isRejected: status.isRejected, provenAt: status.lastProof,
      expiry: status.expiry)
    rejectionCode = status.isRejected ? status.lastErrorCode : nil
    guard let former else { return }
    version = former.version + 1
    rejections = former.rejections
    rejectedBefore = former.rejectedBefore
    if former.generation == status.generation {
      refused = former.refused
      // What was rejected here and is none any more was cleared by another process's check.
      worksHere = former.worksHere && !status.isRejected
    } else if former.isRejected {
      rejectedBefore.insert(former.generation)
    }
  }

  /// A proven credential that takes over from this one, which was rejected.
  func successor(_ standby: Credential, known: ConnectionKnowledge?, at now: Timestamp) -> ConnectionKnowledge {
    let proven = known?.generation == standby.generation ? known : nil
    var next = ConnectionKnowledge(
      generation: standby.generation, state: standby.expiry.workingState(at: now), isRejected: false,
      provenAt: proven?.provenAt, expiry: standby.expiry)
    next.version = version + 1
    next.rejections = proven?.rejections ?? 0
    next.rejectedBefore = rejectedBefore.union([generation])
    return next
  }

  /// - Parameters:
  ///   - place: path of the entity set or service that answered; nil where it was not the API, or a check of all.
  ///   - isCheck: a person asked; only such a proof ends a rejection.
  mutating func take(
    _ outcome: ConnectionOutcome, of place: String? = nil, isCheck: Bool, at now: Timestamp
  ) -> Change? {
    guard let next = outcome.state(after: state).map({ expiry.state($0, at: now) }) else { return nil }
    if next == .unauthorised, let place, refused.count < Self.maximumRefused { refused.insert(place) }
    if next.works, case .proven = outcome {
      if let place { refused.remove(place) } else { refused = [] }
      guard refused.isEmpty else { return nil }
    }
    let isRejection = next == .expired
    let isProof = next.works
    // A page that was under way with an older token says nothing about the secret that was rejected meanwhile.
    guard !isRejected || isRejection || (isProof && isCheck) else { return nil }
    let age = provenAt.map { now.milliseconds &- $0.milliseconds } ?? Int64.max
    guard state != next || isRejected != isRejection || (isProof && age > Self.proofInterval) else { return nil }
    version += 1
    let former = state
    state = next
    isRejected = isRejection
    rejectionCode = isRejection ? outcome.code : nil
    if isRejection { worksHere = false }
    if isProof { provenAt = now }
    let change = Change(
      generation: generation, from: former, state: next, code: outcome.code, message: outcome.message, isProof: isProof,
      isRejection: isRejection, isCheck: isCheck, at: now, order: version)
    pending = change
    return change
  }

  /// The end has come near while nothing was sent. Back to active leads only what the tenant says.
  mutating func look(at now: Timestamp) -> Change? {
    guard state == .active, !isRejected, expiry.isNear(at: now) else { return nil }
    version += 1
    state = .expiring
    let change = Change(
      generation: generation, from: .active, state: .expiring, code: nil, message: nil, isProof: false,
      isRejection: false, isCheck: false, at: now, order: version)
    pending = change
    return change
  }

  /// What the vault says, with what it has not been told yet.
  func completed(_ status: CredentialStatus) -> CredentialStatus {
    guard status.generation == generation, let pending, !pending.isOlder(than: status) else { return status }
    var status = status
    if status.state != pending.state { (status.state, status.since) = (pending.state, pending.at) }
    (status.lastErrorCode, status.isRejected) = (pending.code, pending.isRejection)
    if pending.isProof { status.lastProof = pending.at }
    return status
  }
}
