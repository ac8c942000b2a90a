// SPDX-License-Identifier: Apache-2.0

import Basics
import OAuth
import Secrets
import Testing

@testable import Connector

private func settings() throws -> ConnectionSettings {
  ConnectionSettings(
    origin: try Origin(pasted: "my300000-api.s4hana.cloud.sap"),
    auth: .clientCredentials(
      ClientCredentials(
        tokenOrigin: try Origin(pasted: "a.authentication.eu10.hana.ondemand.com"), tokenTarget: "/oauth/token?x=1",
        clientID: "sb-ä", authentication: .secretPost(SecretBytes(copying: Array("s3cret".utf8))), scope: "s",
        parameters: [TokenParameter("resource", "ü\"&="), TokenParameter("resource", ""), TokenParameter("a", "")])),
    allowedHosts: ["localhost", "x"], certificateAuthorities: [1, 2, 3])
}

@Suite struct ConnectionRecordTests {
  @Test func recordComesBackWhole() throws {
    let back = try ConnectionRecord.decode(ConnectionRecord.encode(try settings()))
    #expect(back.origin.host == "my300000-api.s4hana.cloud.sap")
    #expect(back.allowedHosts == ["localhost", "x"])
    #expect(back.certificateAuthorities == [1, 2, 3])
    guard case .clientCredentials(let client) = back.auth else {
      Issue.record("another kind came back")
      return
    }
    #expect(client.clientID == "sb-ä" && client.authentication.name == "secret_post" && client.scope == "s")
    #expect(
      client.parameters == [
        TokenParameter("resource", "ü\"&="), TokenParameter("resource", ""), TokenParameter("a", ""),
      ])
    #expect(client.tokenTarget == "/oauth/token?x=1")
    #expect(client.authentication.secret == SecretBytes(copying: Array("s3cret".utf8)))
  }

  @Test func everyTruncationIsRefusedOrHarmless() throws {
    let whole = ConnectionRecord.encode(try settings()).withUnsafeBytes { Array($0) }
    for count in 0..<whole.count {
      // Fields at the end may be missing without harm; nothing may trap, and the secret is whole or refused.
      if let back = try? ConnectionRecord.decode(SecretBytes(copying: Array(whole[..<count]))),
        case .clientCredentials(let client) = back.auth
      {
        #expect(client.authentication.secret == SecretBytes(copying: Array("s3cret".utf8)))
      }
    }
  }

  @Test func damagedRecordsNeverTrap() throws {
    let whole = ConnectionRecord.encode(try settings()).withUnsafeBytes { Array($0) }
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<5_000 {
      var damaged = whole
      for _ in 0..<Int.random(in: 1...8, using: &generator) {
        damaged[Int.random(in: 0..<damaged.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
      }
      _ = try? ConnectionRecord.decode(SecretBytes(copying: damaged))
    }
  }
}
