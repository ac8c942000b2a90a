// SPDX-License-Identifier: Apache-2.0

import Basics
import OData

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzPage(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  let body = UnsafeRawBufferPointer(start: start, count: count)
  guard let page = try? Page.read(body, type: Service.order) else { return 0 }
  require(page.keys.count == page.rows.count, "each row has a key")
  for (number, row) in page.rows.enumerated() {
    readFields(ofRow: row, of: body)
    let key = page.keyText(row: number, of: body, type: Service.order)
    require(key?.hasPrefix("SalesOrder=") == true, "each key has a text")
  }
  return 0
}
