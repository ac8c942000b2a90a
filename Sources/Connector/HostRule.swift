// SPDX-License-Identifier: Apache-2.0

import Basics

/// Which hosts and token URLs a connection may have: the forms that SAP documents for S/4HANA Cloud Public Edition,
/// and those that the product allows by name. Source: SAP-docs btp-cloud-platform,
/// "Configure OAuth 2.0 SAML Bearer Assertion" (ABAP token endpoint) and "Rate Limiting" (XSUAA); SAP's published hosts.
package enum HostRule {
  private static let editionSuffixes = [".s4hana.cloud.sap", ".s4hana.ondemand.com", ".saps4hanacloud.cn"]

  /// Checks the API host as it was pasted.
  package static func apiOrigin(_ text: String, allowed: [String]) throws(S4Error) -> Origin {
    let origin: Origin
    do throws(Origin.Fault) { origin = try Origin(pasted: text) } catch { throw refusal("host", text, error) }
    if allowed.contains(origin.host) || isEdition(origin) { return origin }
    throw S4Error(
      .hostRefused,
      "host: \(origin.host) is no S/4HANA Cloud Public Edition host (myNNNNNN-api.s4hana.cloud.sap, "
        + ".s4hana.ondemand.com or .saps4hanacloud.cn): on-premise and private editions need another set-up; name the "
        + "host in allow_host when a proxy or a test system is meant", target: "host")
  }

  /// Checks the token URL as it was pasted.
  package static func tokenEndpoint(_ text: String, allowed: [String]) throws(S4Error) -> (Origin, String) {
    let origin: Origin
    let target: String
    do throws(Origin.Fault) { (origin, target) = try Origin.split(url: text) } catch {
      throw refusal("token_url", text, error)
    }
    // Bytes: of an origin and what follows it, all are ASCII.
    guard target.utf8.first == UInt8(ascii: "/"), !target.holds("#") else {
      throw refusal("token_url", text, .path)
    }
    if allowed.contains(origin.host) { return (origin, target) }
    let path = Substring(target.utf8.prefix { $0 != UInt8(ascii: "?") })
    let isABAP = isEdition(origin) && path == "/sap/bc/sec/oauth2/token"
    let isXSUAA =
      origin.port == 443 && path == "/oauth/token" && origin.host.hasSuffix(".hana.ondemand.com")
      && origin.host.utf8.drop { $0 != UInt8(ascii: ".") }.starts(with: ".authentication.".utf8)
    if isABAP || isXSUAA { return (origin, target) }
    throw S4Error(
      .hostRefused,
      "token_url: \(origin.url)\(path) is no token endpoint of S/4HANA Cloud Public Edition "
        + "(https://<tenant host>/sap/bc/sec/oauth2/token or "
        + "https://<name>.authentication.<region>.hana.ondemand.com/oauth/token): check it, or name its host in "
        + "allow_host", target: "token_url")
  }

  /// Splits and checks the comma-separated list of allowed hosts.
  package static func allowedHosts(_ text: String) throws(S4Error) -> [String] {
    var hosts: [String] = []
    for part in text.split(separator: ",") {
      let name = part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
      let bare = String(Array(name))
      let isAddress = bare.utf8.filter { $0 == UInt8(ascii: ":") }.count > 1
      do throws(Origin.Fault) {
        let origin = try Origin(pasted: isAddress ? "[" + bare + "]" : bare)
        guard isAddress || !bare.holds(":") else { throw .port }
        hosts.append(origin.host)
      } catch {
        throw S4Error(
          .hostRefused,
          "allow_host: \(printable(bare)) is no host name: give names without scheme and port, separated "
            + "by commas", target: "allow_host")
      }
    }
    return hosts
  }

  private static func isEdition(_ origin: Origin) -> Bool {
    origin.port == 443
      && editionSuffixes.contains { origin.host.hasSuffix($0) && origin.host.utf8.count > $0.utf8.count }
  }

  private static func refusal(_ name: String, _ text: String, _ fault: Origin.Fault) -> S4Error {
    let shown = printable(text)
    let reason =
      switch fault {
      case .notHTTPS: "\(shown) is not https: tokens travel over https only"
      case .userInfo: "it names a user before the @: give the host alone, the credential has its own fields"
      case .path where name == "host":
        "\(shown) has a path or query: give the host alone, as in my300000-api.s4hana.cloud.sap"
      case .path: "\(shown) has no path or has a fragment: give the whole URL of the token endpoint"
      case .port: "\(shown) has a port out of 1 to 65535"
      case .host: "\(shown) is no host name"
      case .empty: "it is empty"
      }
    return S4Error(.hostRefused, "\(name): \(reason)", target: name)
  }

  /// What was pasted, short and without what could be a secret or break a line.
  private static func printable(_ text: String) -> String {
    let behindUser = text.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
    let head = behindUser.prefix { $0 != "?" && $0 != "#" }.unicodeScalars.prefix(120)
    return String(String.UnicodeScalarView(head.map { $0.value < 0x20 || $0.value == 0x7F ? "?" : $0 }))
  }
}
