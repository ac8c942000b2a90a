// SPDX-License-Identifier: Apache-2.0

import Basics
import HTTP
import OAuth
import Secrets

/// The byte form in which a connection's settings are sealed: a version, then fields of (tag, 4-byte length, bytes).
/// Binary and not JSON, so that the secret never passes through text that cannot be wiped.
enum ConnectionRecord {
  private enum Tag: UInt8 {
    case apiURL = 1, authKind, tokenURL, clientID, secret, clientStyle, scope, user, allowedHosts, authorities
    case certificate, certificateKey, certificateSubject, certificateEnd, tokenParameters
  }

  private static let version: UInt8 = 1

  static func encode(_ settings: ConnectionSettings) -> SecretBytes {
    var record = SecretBuilder(capacity: 512)
    record.append(version)
    append(.apiURL, settings.origin.url, to: &record)
    switch settings.auth {
    case .clientCredentials(let client):
      append(.authKind, "client_credentials", to: &record)
      append(.tokenURL, client.tokenOrigin.url + client.tokenTarget, to: &record)
      append(.clientID, client.clientID, to: &record)
      append(.clientStyle, client.authentication.name, to: &record)
      append(.scope, client.scope, to: &record)
      if !client.parameters.isEmpty {
        // None of the texts holds a NUL.
        let texts = client.parameters.flatMap { [$0.name, $0.value] }
        append(.tokenParameters, texts.joined(separator: "\0"), to: &record)
      }
      client.authentication.secret?.withUnsafeBytes { append(.secret, $0, to: &record) }
    case .basic(let user, let password):
      append(.authKind, "basic", to: &record)
      append(.user, user, to: &record)
      password.withUnsafeBytes { append(.secret, $0, to: &record) }
    case .certificate: append(.authKind, "certificate", to: &record)
    }
    if let certificate = settings.certificate {
      certificate.chain.withUnsafeBytes { append(.certificate, $0, to: &record) }
      certificate.key.withUnsafeBytes { append(.certificateKey, $0, to: &record) }
      append(.certificateSubject, certificate.subject, to: &record)
      append(.certificateEnd, String(certificate.notAfter.milliseconds), to: &record)
    }
    append(.allowedHosts, settings.allowedHosts.joined(separator: ","), to: &record)
    settings.certificateAuthorities.withUnsafeBytes { append(.authorities, $0, to: &record) }
    return record.finish()
  }

  /// - Throws: `vaultCorrupt` for a record that this version of the library cannot read.
  static func decode(_ record: SecretBytes) throws(S4Error) -> ConnectionSettings {
    let fields = try split(record)
    func text(_ tag: Tag) -> String {
      fields[tag.rawValue]?.withUnsafeBytes { String(decoding: $0, as: UTF8.self) } ?? ""
    }
    func secret(_ tag: Tag) throws(S4Error) -> SecretBytes {
      guard let secret = fields[tag.rawValue] else { throw unreadable }
      return secret
    }
    // Judged when it was put: what is sealed is as it was then.
    func certificate() throws(S4Error) -> ClientCertificate {
      guard let end = Int64(text(.certificateEnd)) else { throw unreadable }
      return ClientCertificate(
        judged: try secret(.certificate), key: try secret(.certificateKey), subject: text(.certificateSubject),
        notAfter: Timestamp(milliseconds: end))
    }
    let auth: ConnectionSettings.Auth
    switch text(.authKind) {
    case "client_credentials":
      let authentication: ClientAuthentication
      switch text(.clientStyle) {
      case "secret_basic": authentication = .secretBasic(try secret(.secret))
      case "secret_post": authentication = .secretPost(try secret(.secret))
      case "certificate": authentication = .certificate(try certificate())
      default: throw unreadable
      }
      let endpoint = try tokenEndpoint(text(.tokenURL))
      auth = .clientCredentials(
        ClientCredentials(
          tokenOrigin: endpoint.origin, tokenTarget: endpoint.rest, clientID: text(.clientID),
          authentication: authentication, scope: text(.scope),
          parameters: try parameters(text(.tokenParameters))))
    case "basic": auth = .basic(user: text(.user), password: try secret(.secret))
    case "certificate": auth = .certificate(try certificate())
    default: throw unreadable
    }
    do throws(Origin.Fault) {
      return ConnectionSettings(
        origin: try Origin(pasted: text(.apiURL)), auth: auth,
        allowedHosts: text(.allowedHosts).split(separator: ",").map(String.init),
        certificateAuthorities: fields[Tag.authorities.rawValue]?.withUnsafeBytes { Array($0) } ?? [])
    } catch {
      throw unreadable
    }
  }

  private static func tokenEndpoint(_ url: String) throws(S4Error) -> (origin: Origin, rest: String) {
    do throws(Origin.Fault) { return try Origin.split(url: url) } catch { throw unreadable }
  }

  private static func parameters(_ text: String) throws(S4Error) -> [TokenParameter] {
    guard !text.isEmpty else { return [] }
    let texts = text.split(separator: "\0", omittingEmptySubsequences: false)
    guard texts.count % 2 == 0 else { throw unreadable }
    return stride(from: 0, to: texts.count, by: 2).map { TokenParameter(String(texts[$0]), String(texts[$0 + 1])) }
  }

  private static let unreadable = S4Error(
    .vaultCorrupt, "a stored credential is not in a form that this version reads: put the connection anew")

  private static func append(_ tag: Tag, _ value: String, to record: inout SecretBuilder) {
    var value = value
    value.withUTF8 { append(tag, UnsafeRawBufferPointer($0), to: &record) }
  }

  private static func append(_ tag: Tag, _ bytes: UnsafeRawBufferPointer, to record: inout SecretBuilder) {
    let length = UInt32(clamping: bytes.count).bigEndian
    record.append(tag.rawValue)
    withUnsafeBytes(of: length) { record.append($0) }
    record.append(bytes)
  }

  private static func split(_ record: SecretBytes) throws(S4Error) -> [UInt8: SecretBytes] {
    let fields: [UInt8: SecretBytes]? = record.withUnsafeBytes { bytes in
      guard bytes.first == version else { return nil }
      var fields: [UInt8: SecretBytes] = [:]
      var rest = bytes.dropFirst()
      while let tag = rest.first {
        guard rest.count >= 5 else { return nil }
        let length = rest.dropFirst().prefix(4).reduce(0) { $0 << 8 | Int($1) }
        guard rest.count - 5 >= length else { return nil }
        fields[tag] = SecretBytes(copying: UnsafeRawBufferPointer(rebasing: rest.dropFirst(5).prefix(length)))
        rest = rest.dropFirst(5 + length)
      }
      return fields
    }
    guard let fields else { throw unreadable }
    return fields
  }
}
