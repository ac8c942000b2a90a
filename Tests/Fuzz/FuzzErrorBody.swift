// SPDX-License-Identifier: Apache-2.0

import Basics
import OData

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzErrorBody(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  let body = UnsafeRawBufferPointer(start: start, count: count)
  let error = AnswerError.from(status: 400, contentType: "", body: body, target: "/x")
  require(!error.message.utf8.contains { $0 < 0x20 || $0 == 0x7F }, "a message is one line")
  require(error.message.utf8.count < 4_096, "a message is bounded")
  require(error.details.count <= 100, "details are bounded")
  _ = AnswerError.unexpectedContent(contentType: "application/json", body: body, target: "/x")
  return 0
}
