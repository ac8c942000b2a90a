// SPDX-License-Identifier: Apache-2.0

import Basics
import OData

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzMetadata(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  let document = UnsafeRawBufferPointer(start: start, count: count)
  guard let metadata = try? Metadata.parse(document) else { return 0 }
  require(metadata.warnings.count <= 100, "warnings are bounded")
  for warning in metadata.warnings { require(!warning.utf8.contains { $0 < 0x20 }, "a warning is one line") }
  for type in metadata.entitySets.values {
    require(type.key.allSatisfy { type.property($0) != nil }, "a key's properties are declared")
    _ = try? Query.orderby(nil, type: type)
    _ = try? Query.select(type.properties.first?.name, type: type, in: metadata)
  }
  for operation in metadata.operations {
    let set = metadata.entitySets.first { $0.value.qualifiedName == operation.boundTo?.type }?.key
    guard let service = try? ServicePath("/x"),
      let target = try? operation.target(
        service: service, place: set.map { service.path(ofEntitySet: $0, key: "") }, arguments: nil, [])
    else { continue }
    require(target.utf8.allSatisfy { 0x21...0x7E ~= $0 && $0 != 0x23 }, "a target fits a request line")
    _ = try? metadata.operation(named: operation.name, entitySet: set)
  }
  return 0
}
