// SPDX-License-Identifier: Apache-2.0

import Basics
import OData

/// Input: the first byte chooses the parameter, the rest up to a NUL is the filter or key, what follows the parameter.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzFilter(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  let input = UnsafeRawBufferPointer(start: start, count: count)
  guard let choice = input.first else { return 0 }
  let parts = input.dropFirst().split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
  let text = parts.first.map { String(decoding: $0, as: UTF8.self) } ?? ""
  let value = parts.count == 2 ? String(decoding: parts[1], as: UTF8.self) : "1"
  let kinds: [Parameter] = [
    .text(value), .decimal(value), .date(value), .dateTime(value), .time(value), .guid(value), .null,
    .integer(Int64(value) ?? .max), .boolean(true),
  ]
  let parameter = kinds[Int(choice) % kinds.count]
  for placeholders in 0...3 {
    let parameters = Array(repeating: parameter, count: placeholders)
    if let filter = try? PreparedFilter(text, parameterCount: placeholders),
      let rendered = try? filter.render(parameters, type: Service.order)
    {
      require(!rendered.utf8.contains(0), "a filter has no NUL")
      // What was rendered has no `?` left, and is still a filter.
      require(
        (try? PreparedFilter(rendered, parameterCount: 0)) != nil || isLong(rendered, value), "a filter stays one")
      let target = Query(filter: rendered).requestTarget(path: "/x")
      require(target.utf8.allSatisfy { 0x21...0x7E ~= $0 }, "a target fits a request line")
    }
    if let key = try? PreparedKey(text, parameterCount: placeholders),
      let rendered = try? key.render(parameters, type: Service.order)
    {
      require(!rendered.utf8.contains { $0 <= 0x20 || $0 >= 0x7F || $0 == 0x2F || $0 == 0x3F }, "a key is one segment")
    }
  }
  _ = try? Query.select(text, type: Service.order)
  _ = try? Query.expand(text, type: Service.order)
  _ = try? Query.orderby(text, type: Service.order)
  return 0
}

/// A filter that passed may hold a parameter whose control characters, or whose length, the text itself may not have.
private func isLong(_ rendered: String, _ value: String) -> Bool {
  rendered.utf8.count > 64 << 10 || value.utf8.contains { $0 < 0x20 || $0 == 0x7F }
}
