// SPDX-License-Identifier: Apache-2.0

import Basics
import OData

// A short host survives mutations: with a long one hardly an input stays on the origin.
private let origin = try? Origin(pasted: "s4")
private let service = try? ServicePath("API_SALES_ORDER_SRV")

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzNextLink(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  let link = String(decoding: UnsafeRawBufferPointer(start: start, count: count), as: UTF8.self)
  _ = try? ServicePath(link)
  _ = try? Origin(pasted: link)
  guard let origin, let service else { return 0 }
  let resolved = try? NextLink.resolve(link, service: service, requestTarget: "/sap/x?y", origin: origin)
  guard let target = resolved else { return 0 }
  require(target.hasPrefix("/") && !target.hasPrefix("//"), "a target is a path on this host")
  require(target.utf8.allSatisfy { 0x21...0x7E ~= $0 && $0 != 0x5C && $0 != 0x23 }, "a target fits a request line")
  // Resolved again it is the same: nothing in it is read in two ways.
  let again = try? NextLink.resolve(target, service: service, requestTarget: "/sap/x?y", origin: origin)
  require(again == target, "a target is its own target")
  return 0
}
