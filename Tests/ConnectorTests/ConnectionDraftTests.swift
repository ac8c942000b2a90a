// SPDX-License-Identifier: Apache-2.0

import Basics
import OAuth
import Secrets
import TestSupport
import Testing

@testable import Connector

private func secret(_ text: String) -> SecretBytes { SecretBytes(copying: Array(text.utf8)) }

/// What a member of the outcome is; "" for none.
private func shown(_ settings: ConnectionSettings, _ member: String) -> String {
  switch (member, settings.auth) {
  case ("host", _): settings.origin.url
  case ("allow_host", _): settings.allowedHosts.joined(separator: ",")
  case ("ca_file", _): String(decoding: settings.certificateAuthorities, as: UTF8.self)
  case ("token_url", .clientCredentials(let client)): client.tokenOrigin.url + client.tokenTarget
  case ("client_id", .clientCredentials(let client)): client.clientID
  case ("scope", .clientCredentials(let client)): client.scope
  case ("token_params", .clientCredentials(let client)):
    client.parameters.map { $0.name + "=" + $0.value }.joined(separator: "&")
  case ("client_auth", .clientCredentials(let client)): client.authentication.name
  case ("secret", .clientCredentials(let client)): client.authentication.secret.map(clear) ?? ""
  case ("user", .basic(let user, _)): user
  case ("secret", .basic(_, let password)): clear(password)
  case ("subject", _): settings.certificate?.subject ?? ""
  default: ""
  }
}

private func clear(_ secret: SecretBytes) -> String { secret.withUnsafeBytes { String(decoding: $0, as: UTF8.self) } }

@Suite struct ConnectionDraftTests {
  private static let host = "my300000-api.s4hana.cloud.sap"
  private static let tokenURL = "https://my300000-api.s4hana.cloud.sap/sap/bc/sec/oauth2/token"

  typealias Change = (inout ConnectionDraft) -> Void

  private static func draft(_ change: Change) -> ConnectionDraft {
    var draft = ConnectionDraft()
    change(&draft)
    return draft
  }

  private static func complete(_ change: Change = { _ in }) -> ConnectionDraft {
    draft { draft in
      draft.host = host
      draft.tokenURL = tokenURL
      draft.clientID = "client"
      draft.clientSecret = secret("old secret")
      draft.clientAuth = .secretPost
      draft.scope = "scope"
      draft.tokenParameters = [TokenParameter("resource", "r"), TokenParameter("audience", "a")]
      draft.allowHost = "proxy.example"
      draft.authorities = Array("CA".utf8)
      change(&draft)
    }
  }

  private static func basic(_ change: Change = { _ in }) -> ConnectionDraft {
    draft { draft in
      draft.host = host
      draft.auth = .basic
      draft.user = "USER"
      draft.password = secret("old word")
      change(&draft)
    }
  }

  private static func certified(_ auth: ConnectionDraft.Auth) -> ConnectionDraft {
    complete { draft in
      draft.auth = auth
      draft.clientAuth = .certificate
      draft.clientSecret = nil
      draft.clientCertificate = secret(TestCertificates.client)
      draft.clientKey = secret(TestCertificates.key)
    }
  }

  // MARK: one that stands for itself

  @Test func whatIsMissingOrContradictsIsNamed() throws {
    let wrong: [(String, ConnectionDraft)] = [
      ("host", Self.complete { $0.host = nil }), ("token_url", Self.complete { $0.tokenURL = nil }),
      ("client_id", Self.complete { $0.clientID = nil }), ("client_secret", Self.complete { $0.clientSecret = nil }),
      ("client_secret", Self.complete { $0.clientAuth = .certificate }),
      (
        "client_certificate",
        Self.complete {
          $0.clientAuth = .certificate; $0.clientSecret = nil
        }
      ),
      ("client_certificate", Self.complete { $0.clientCertificate = secret(TestCertificates.client) }),
      ("client_key", Self.complete { $0.clientKey = secret(TestCertificates.key) }),
      ("token_params", Self.complete { $0.tokenParameters = [TokenParameter("Scope", "x")] }),
      ("user", Self.basic { $0.user = nil }), ("user", Self.basic { $0.user = "A:B" }),
      ("password", Self.basic { $0.password = nil }),
      ("client_key", Self.basic { $0.clientKey = secret(TestCertificates.key) }),
      ("client_certificate", Self.basic { $0.clientCertificate = secret(TestCertificates.client) }),
      ("client_secret", Self.complete { $0.auth = .certificate }),
      ("password", Self.basic { $0.auth = .certificate }),
      (
        "client_certificate",
        Self.complete {
          $0.auth = .certificate; $0.clientSecret = nil
        }
      ),
    ]
    for (name, draft) in wrong {
      let error = fault { _ = try draft.settings() }
      #expect(error?.code == .invalidArgument && error?.target == name, "\(name): \(error?.message ?? "taken")")
    }
    for auth in [ConnectionDraft.Auth.clientCredentials, .certificate] {
      for (name, change) in [
        ("client_key", { $0.clientKey = nil } as Change), ("client_certificate", { $0.clientCertificate = nil }),
        ("client_key", { $0.clientKey = secret(TestCertificates.otherKey) }),
      ] {
        var draft = Self.certified(auth)
        change(&draft)
        #expect(fault { _ = try draft.settings() }?.target == name)
      }
      #expect(try Self.certified(auth).settings().certificate?.subject.hasPrefix("CN=nordvik") == true)
    }
  }

  @Test func earlierEndCounts() throws {
    let settings = try Self.certified(.certificate).settings()
    let (before, after) = (Timestamp(milliseconds: 1), Timestamp(milliseconds: 4_000_000_000_000))
    #expect(settings.end(declared: nil)?.iso8601 == "2027-03-31T12:30:15Z")
    #expect(settings.end(declared: before) == before)
    #expect(settings.end(declared: after)?.iso8601 == "2027-03-31T12:30:15Z")
    #expect(try Self.basic().settings().end(declared: nil) == nil)
    #expect(try Self.basic().settings().end(declared: after) == after)
  }

  // MARK: one beside a live one

  private func staged(_ live: ConnectionDraft, _ change: Change) throws -> ConnectionSettings {
    try Self.draft(change).settings(over: try live.settings())
  }

  private func expect(
    _ live: ConnectionDraft, _ change: Change, _ expected: [String: String], line: Int = #line
  ) throws {
    let settings = try staged(live, change)
    for (member, value) in expected { #expect(shown(settings, member) == value, "\(member), line \(line)") }
  }

  private func refusal(_ live: ConnectionDraft, _ change: Change) -> S4Error? {
    fault { _ = try staged(live, change) }
  }

  @Test func newSecretIsEnoughAndTheRestIsAsBefore() throws {
    let same = [
      "host": "https://" + Self.host, "token_url": Self.tokenURL, "client_id": "client", "client_auth": "secret_post",
      "scope": "scope", "token_params": "resource=r&audience=a", "allow_host": "proxy.example", "ca_file": "CA",
    ]
    try expect(Self.complete(), { $0.clientSecret = secret("new") }, same.merging(["secret": "new"]) { $1 })
    try expect(Self.complete(), { _ in }, same.merging(["secret": "old secret"]) { $1 })
    try expect(Self.complete(), { $0.tokenParameters = [] }, same.merging(["token_params": ""]) { $1 })
    try expect(
      Self.complete(), { $0.tokenParameters = [TokenParameter("x", "")] }, same.merging(["token_params": "x="]) { $1 })
    try expect(
      Self.basic(),
      {
        $0.auth = .basic; $0.password = secret("new")
      }, ["user": "USER", "secret": "new"])
  }

  @Test func whatIsNamedIsNew() throws {
    try expect(
      Self.complete(),
      {
        $0.clientID = "other"
        $0.clientSecret = secret("new")
      }, ["client_id": "other", "client_auth": "secret_basic", "secret": "new", "scope": "scope"])
    try expect(
      Self.complete(),
      {
        $0.scope = ""; $0.allowHost = ""; $0.authorities = []
      },
      ["scope": "", "allow_host": "", "ca_file": "", "secret": "old secret"])
    // Said in other words, the same host.
    try expect(
      Self.complete(), { $0.tokenURL = Self.tokenURL.uppercasedHost + "?sap-client=100" }, ["secret": "old secret"])
  }

  @Test func storedSecretGoesToNoOtherHostClientOrUser() {
    let other = "my300001-api.s4hana.cloud.sap"
    let cases: [(String, ConnectionDraft, Change)] = [
      ("client_secret", Self.complete(), { $0.tokenURL = "https://proxy.example/oauth/token" }),
      ("client_secret", Self.complete(), { $0.tokenURL = "https://\(Self.host):8443/sap/bc/sec/oauth2/token" }),
      ("client_secret", Self.complete(), { $0.clientID = "other" }),
      (
        "password", Self.basic(),
        {
          $0.auth = .basic; $0.host = other
        }
      ),
      (
        "password", Self.basic(),
        {
          $0.auth = .basic; $0.user = "OTHER"
        }
      ),
    ]
    for (name, live, change) in cases {
      let error = refusal(live, change)
      #expect(error?.code == .invalidArgument && error?.target == name, "\(error?.message ?? "taken")")
    }
    // The API's host is not where the client's secret goes.
    #expect(throws: Never.self) {
      try self.expect(Self.complete(), { $0.host = other }, ["host": "https://" + other, "secret": "old secret"])
    }
  }

  @Test func certificateTakesThePlaceOfASecretAndBack() throws {
    let pair: Change = { draft in
      draft.clientAuth = .certificate
      draft.clientCertificate = secret(TestCertificates.client)
      draft.clientKey = secret(TestCertificates.key)
    }
    try expect(Self.complete(), pair, ["client_id": "client", "client_auth": "certificate", "secret": ""])
    let live = Self.certified(.clientCredentials)
    // The key goes on with a renewed certificate, and both with another host.
    try expect(live, { $0.clientCertificate = secret(TestCertificates.longSubject) }, ["client_auth": "certificate"])
    try expect(live, { $0.tokenURL = "https://proxy.example/oauth/token" }, ["client_auth": "certificate"])
    #expect(refusal(live) { $0.clientSecret = secret("new") }?.target == "client_secret")
    #expect(refusal(live) { $0.clientKey = secret(TestCertificates.otherKey) }?.target == "client_key")
    try expect(
      live,
      {
        $0.clientID = "client"
        $0.clientSecret = secret("new")
      }, ["client_auth": "secret_basic", "secret": "new", "subject": ""])
    try expect(Self.certified(.certificate), { $0.auth = .certificate }, ["allow_host": "proxy.example"])
  }

  @Test func anotherAuthTakesOverHostAndTrustAlone() throws {
    try expect(
      Self.complete(),
      {
        $0.auth = .basic; $0.user = "USER"; $0.password = secret("word")
      },
      ["host": "https://" + Self.host, "allow_host": "proxy.example", "ca_file": "CA", "secret": "word"])
    #expect(
      refusal(Self.complete()) {
        $0.auth = .basic; $0.user = "USER"
      }?.target == "password")
    #expect(
      refusal(Self.basic()) {
        $0.tokenURL = Self.tokenURL; $0.clientID = "c"
      }?.target == "client_secret")
  }

  @Test func forgottenAuthIsPointedOut() {
    for change in [{ $0.password = secret("new") } as Change, { _ in }, { $0.clientSecret = secret("new") }] {
      let error = refusal(Self.basic(), change)
      #expect(error?.target == "auth" && error?.message.contains("ASKEL_S4_AUTH_BASIC") == true)
      let other = refusal(Self.certified(.certificate), change)
      #expect(other?.target == "auth" && other?.message.contains("ASKEL_S4_AUTH_CERTIFICATE") == true)
    }
  }

  @Test func hostThatTheNewListDoesNotAdmitIsRefused() {
    let live = Self.basic {
      $0.host = "proxy.example"; $0.allowHost = "proxy.example"
    }
    #expect(
      refusal(live) {
        $0.auth = .basic; $0.allowHost = "other.example"
      }?.code == .hostRefused)
  }
}

extension String {
  fileprivate var uppercasedHost: String { replacing("my300000-api", with: "MY300000-API") }
}
