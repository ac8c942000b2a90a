// SPDX-License-Identifier: Apache-2.0

import Basics
import OData

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzDocument(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  let body = UnsafeRawBufferPointer(start: start, count: count)
  guard let document = try? Document.read(body, type: Service.order) else { return 0 }
  readFields(ofRow: document.object, of: body)
  return 0
}
