// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif
import Basics
import CAskelS4
import Connector
import OAuth
import Secrets

/// Turns `askel_s4_connection_options` into settings, with everything checked that can be checked without the tenant.
enum ConnectionOptions {
  private enum AuthKind: Int32 { case clientCredentials = 0, basic = 1 }

  static func settings(_ given: askel_s4_connection_options) throws(S4Error) -> ConnectionSettings {
    let allowed = try HostRule.allowedHosts(try Argument.optionalText(given.allow_host, "allow_host") ?? "")
    let origin = try HostRule.apiOrigin(try Argument.text(given.host, "host"), allowed: allowed)
    let auth: ConnectionSettings.Auth
    switch try Argument.choice(given.auth, "auth", as: AuthKind.self) {
    case .clientCredentials:
      let (tokenOrigin, target) = try HostRule.tokenEndpoint(
        try Argument.text(given.token_url, "token_url"), allowed: allowed)
      auth = .clientCredentials(
        ClientCredentials(
          tokenOrigin: tokenOrigin, tokenTarget: target,
          clientID: try credentialText(given.client_id, "client_id"),
          clientSecret: try secret(given.client_secret, "client_secret"),
          style: try Argument.choice(given.client_auth, "client_auth", as: ClientCredentials.Style.self),
          scope: try Argument.optionalText(given.scope, "scope") ?? ""))
    case .basic:
      let user = try credentialText(given.user, "user")
      guard !user.contains(":") else {
        throw .invalidArgument("user", "holds a colon, which HTTP Basic cannot carry")
      }
      auth = .basic(user: user, password: try secret(given.password, "password"))
    }
    return ConnectionSettings(
      origin: origin, auth: auth, allowedHosts: allowed,
      certificateAuthorities: try Argument.optionalText(given.ca_file, "ca_file").map(certificates) ?? [])
  }

  private static func credentialText(_ pointer: UnsafePointer<CChar>?, _ name: String) throws(S4Error) -> String {
    let text = try Argument.text(pointer, name)
    guard 1...1_024 ~= text.utf8.count else {
      throw .invalidArgument(name, text.isEmpty ? "is empty" : "has over 1024 bytes")
    }
    guard text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
      throw .invalidArgument(name, "holds a control character: was a line break pasted with it?")
    }
    return text
  }

  /// Takes a secret without making a `String` of it.
  private static func secret(_ pointer: UnsafePointer<CChar>?, _ name: String) throws(S4Error) -> SecretBytes {
    guard let pointer else { throw .invalidArgument(name, "is missing (NULL)") }
    let bytes = UnsafeRawBufferPointer(start: pointer, count: strnlen(pointer, 8_193))
    guard 1...8_192 ~= bytes.count else { throw .invalidArgument(name, "is empty or over 8192 bytes") }
    guard bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
      throw .invalidArgument(name, "holds a control character: was a line break pasted with it?")
    }
    guard UTF8Check.isValid(bytes) else { throw .invalidArgument(name, "is not UTF-8") }
    return SecretBytes(copying: bytes)
  }

  /// Reads a PEM file of certificate authorities.
  private static func certificates(_ path: String) throws(S4Error) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw .invalidArgument("ca_file", "\(path) cannot be opened (\(String(cString: strerror(errno))))")
    }
    defer { close(descriptor) }
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

extension ConnectionOptions {
  static func handover(
    _ given: askel_s4_connection_options, over live: ConnectionSettings? = nil
  ) throws(S4Error) -> Instance.Handover {
    Instance.Handover(settings: try settings(given), actor: try Argument.optionalText(given.actor, "actor"))
  }
}
