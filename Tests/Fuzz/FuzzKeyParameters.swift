// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets
import Vault

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzKeyParameters(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  let bytes = Array(UnsafeRawBufferPointer(start: start, count: count))
  do throws(S4Error) {
    let parameters = try KeyParameters(bytes)
    require(parameters.bytes == bytes, "parameters are written as they were read")
    require(parameters.title.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }, "a title is one line")
    switch parameters {
    case .local: require(count == 1, "a local key has no parameters")
    case .passphrase(let salt, let cost):
      require(16...64 ~= salt.count, "a salt is within bounds")
      require(17...20 ~= cost.log2N && 2...16 ~= cost.blockSize && 1...4 ~= cost.parallelisation, "so is each cost")
      require(128 * cost.blockSize << cost.log2N <= 1 << 30, "and their memory")
    case .service(let name): require(1...512 ~= name.utf8.count, "a name is within bounds")
    }
  } catch {
    require(error.code == .vaultCorrupt, "what is none is corrupt")
    require(error.message.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }, "a message is one line")
  }
  return 0
}
