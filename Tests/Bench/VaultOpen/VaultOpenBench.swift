// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets
import Vault

#if canImport(Glibc)
  import Glibc
#endif

/// Measures how many credentials a vault reads and opens in a second, warm, on one thread: what no function of the C
/// interface does alone, since none gives a secret back. Usage: VaultOpenBench PATH; prints `open_per_s VALUE`.
@main struct VaultOpenBench {
  private static let connections = 100
  private static let rounds = 15

  static func main() throws {
    guard CommandLine.arguments.count == 2 else { throw S4Error.invalidArgument("PATH", "give that of a new vault") }
    let key = try [UInt8](repeating: 7, count: 32).withUnsafeBytes { try LocalKeySource(raw: $0) }
    let store = try SQLiteStore(path: CommandLine.arguments[1], readOnly: false, checksIntegrity: false)
    let vault = try Vault(store: store, key: key)
    let ids = (0..<connections).map { "customer-\($0)" }
    // As large as an ordinary connection's.
    let record = SecretBytes(copying: [UInt8](repeating: 1, count: 330))
    let summary = [UInt8](repeating: UInt8(ascii: "s"), count: 300)
    for id in ids { try vault.put(connection: id, NewCredential(record: record, summary: summary)) }

    var rates: [Double] = []
    for _ in 0..<rounds {
      let began = Deadline.now
      for _ in 0..<20 {
        for id in ids {
          guard try vault.open(connection: id).live.count == record.count else { fatalError("another secret came") }
        }
      }
      rates.append(Double(20 * connections) / (Double(Deadline.now - began) / 1e9))
    }
    print("open_per_s \(rates.sorted()[rounds / 2])")
    vault.close()
  }
}
