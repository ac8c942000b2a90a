// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif
import Basics
import CAskelS4
import Connector
import OAuth
import Secrets
import Vault

/// Turns `askel_s4_connection_options` into settings, with everything checked that can be checked without the tenant.
enum ConnectionOptions {
  /// Bytes of the struct's first version, which ended before `client_certificate`.
  static let firstSize =
    MemoryLayout<askel_s4_connection_options>.offset(of: \.client_certificate)
    ?? MemoryLayout<askel_s4_connection_options>.size

  /// Makes a credential that stands for itself.
  static func handover(_ given: askel_s4_connection_options) throws(S4Error) -> Instance.Handover {
    try complete(given, try draft(given).settings())
  }

  /// Makes a credential to stand beside a live one: what was left NULL is taken over from there as the header says.
  static func staged(
    _ given: askel_s4_connection_options, over live: ConnectionSettings
  ) throws(S4Error) -> Instance.Handover {
    try complete(given, try draft(given).settings(over: live))
  }

  private static func complete(
    _ given: askel_s4_connection_options, _ settings: ConnectionSettings
  ) throws(S4Error) -> Instance.Handover {
    let text = try Argument.optionalText(given.expires_at, "expires_at")
    let declared = try text.map { (text) throws(S4Error) in
      guard let end = Timestamp(rfc3339: text) else {
        throw .invalidArgument(
          "expires_at", "is no moment as RFC 3339 writes it: give 2027-03-31T00:00:00Z, or 2027-03-31 for a day")
      }
      return end
    }
    guard given.expiring_days <= Expiry.maximumDays else {
      throw .invalidArgument("expiring_days", "\(given.expiring_days) are over \(Expiry.maximumDays)")
    }
    let days = given.expiring_days == 0 ? Expiry.defaultDays : Int64(given.expiring_days)
    return Instance.Handover(
      settings: settings, expiresAt: settings.end(declared: declared), expiringDays: days,
      actor: try Argument.optionalText(given.actor, "actor"))
  }

  private static func draft(_ given: askel_s4_connection_options) throws(S4Error) -> ConnectionDraft {
    var draft = ConnectionDraft()
    draft.host = try Argument.optionalText(given.host, "host")
    draft.allowHost = try Argument.optionalText(given.allow_host, "allow_host")
    draft.auth = try Argument.choice(given.auth, "auth", as: ConnectionDraft.Auth.self)
    draft.tokenURL = try Argument.optionalText(given.token_url, "token_url")
    draft.clientID = try credentialText(given.client_id, "client_id")
    draft.clientSecret = try secret(given.client_secret, "client_secret")
    draft.clientAuth = try Argument.choice(given.client_auth, "client_auth", as: ConnectionDraft.ClientAuth.self)
    draft.scope = try withoutControls(try Argument.optionalText(given.scope, "scope"), "scope")
    draft.tokenParameters = try tokenParameters(given.token_params, given.token_param_count)
    draft.user = try credentialText(given.user, "user")
    draft.password = try secret(given.password, "password")
    draft.clientCertificate = try pem(
      given.client_certificate, "client_certificate", limit: ClientCertificate.largestChain)
    draft.clientKey = try pem(given.client_key, "client_key", limit: ClientCertificate.largestKey)
    draft.authorities = try Argument.optionalText(given.ca_file, "ca_file").map(certificates)
    return draft
  }

  /// - Returns: nil for NULL.
  private static func credentialText(_ pointer: UnsafePointer<CChar>?, _ name: String) throws(S4Error) -> String? {
    guard let text = try Argument.optionalText(pointer, name) else { return nil }
    guard 1...1_024 ~= text.utf8.count else {
      throw .invalidArgument(name, text.isEmpty ? "is empty" : "has over 1024 bytes")
    }
    return try withoutControls(text, name)
  }

  /// - Returns: nil for NULL.
  private static func tokenParameters(
    _ given: UnsafePointer<askel_s4_token_param>?, _ count: Int
  ) throws(S4Error) -> [TokenParameter]? {
    let name = "token_params"
    guard 0...TokenParameter.most ~= count, given != nil || count == 0 else {
      throw .invalidArgument(
        name, "is NULL, or token_param_count is not in 0 to \(TokenParameter.most)")
    }
    var list: [TokenParameter] = []
    for each in UnsafeBufferPointer(start: given, count: count) {
      list.append(TokenParameter(try Argument.text(each.name, name), try Argument.text(each.value, name)))
    }
    return given == nil ? nil : list
  }

  private static func withoutControls(_ text: String?, _ name: String) throws(S4Error) -> String? {
    guard text?.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) ?? true else {
      throw .invalidArgument(name, "holds a control character: was a line break pasted with it?")
    }
    return text
  }

  /// Takes a secret without making a `String` of it.
  /// - Returns: nil for NULL.
  private static func secret(_ pointer: UnsafePointer<CChar>?, _ name: String) throws(S4Error) -> SecretBytes? {
    guard let pointer else { return nil }
    let bytes = UnsafeRawBufferPointer(start: pointer, count: strnlen(pointer, 8_193))
    guard 1...8_192 ~= bytes.count else { throw .invalidArgument(name, "is empty or over 8192 bytes") }
    guard bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
      throw .invalidArgument(name, "holds a control character: was a line break pasted with it?")
    }
    guard UTF8Check.isValid(bytes) else { throw .invalidArgument(name, "is not UTF-8") }
    return SecretBytes(copying: bytes)
  }

  /// Takes PEM text; of a longer one than `limit` bytes only that it is too long.
  private static func pem(
    _ pointer: UnsafePointer<CChar>?, _ name: String, limit: Int
  ) throws(S4Error) -> SecretBytes? {
    guard let pointer else { return nil }
    let bytes = UnsafeRawBufferPointer(start: pointer, count: strnlen(pointer, limit + 1))
    guard 1...limit ~= bytes.count else { throw .invalidArgument(name, "is empty or over \(limit) bytes") }
    return SecretBytes(copying: bytes)
  }

  /// Reads a PEM file of certificate authorities.
  private static func certificates(_ path: String) throws(S4Error) -> [UInt8] {
    // O_NONBLOCK: a named pipe would wait for its writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else {
      throw .invalidArgument("ca_file", "\(path) cannot be opened (\(String(cString: strerror(errno))))")
    }
    defer { close(descriptor) }
    var information = stat()
    guard fstat(descriptor, &information) == 0, information.st_mode & S_IFMT == S_IFREG else {
      throw .invalidArgument("ca_file", "\(path) is no regular file: give one")
    }
    var pem = [UInt8](repeating: 0, count: maximumPEM + 1)
    var count = 0
    while count < pem.count {
      let got = pem.withUnsafeMutableBytes { buffer -> Int in
        let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
        return read(descriptor, rest.baseAddress, rest.count)
      }
      if got < 0, errno == EINTR { continue }
      guard got >= 0 else {
        throw .invalidArgument("ca_file", "\(path) cannot be read (\(String(cString: strerror(errno))))")
      }
      if got == 0 { break }
      count += got
    }
    guard count <= maximumPEM else { throw .invalidArgument("ca_file", "\(path) is over \(maximumPEM) bytes") }
    let text = String(decoding: pem[..<count], as: UTF8.self)
    guard text.holds("-----BEGIN CERTIFICATE-----"), !text.holds("PRIVATE KEY-----") else {
      throw .invalidArgument("ca_file", "\(path) is no PEM file of certificates alone")
    }
    return Array(pem[..<count])
  }

  private static let maximumPEM = 1 << 20
}
