// SPDX-License-Identifier: Apache-2.0

import Basics
import OData

/// Input: as of the filter; the text is a list of arguments for one function of each version.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOperation(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
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
    let values = Array(repeating: parameter, count: placeholders)
    guard let arguments = try? PreparedKey(text, parameterCount: placeholders, argument: "arguments") else { continue }
    for operation in Operations.all {
      guard
        let target = try? operation.target(service: Operations.service, place: nil, arguments: arguments, values)
      else { continue }
      require(target.utf8.allSatisfy { 0x21...0x7E ~= $0 && $0 != 0x23 }, "a target fits a request line")
      require(target.utf8.count { $0 == 0x2F || $0 == 0x3F } >= 3, "a target is below its service")
      let path = target.prefix { $0 != "?" }
      require(
        path.utf8.count { $0 == 0x2F } == 3 && (operation.version == .v2) == (path == "/sap/x/F"),
        "arguments of V2 are a query, and of V4 one segment")
    }
  }
  return 0
}

private enum Operations {
  static let service = (try? ServicePath("/sap/x")) ?? { preconditionFailure("a service is a path") }()
  static let all = operations(v2) + operations(v4)

  private static let v2 = """
    <edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx"><edmx:DataServices>
    <Schema Namespace="S" xmlns="http://schemas.microsoft.com/ado/2008/09/edm"><EntityContainer Name="C">
    <FunctionImport Name="F">\(parameters("Edm.DateTime"))</FunctionImport></EntityContainer></Schema>
    </edmx:DataServices></edmx:Edmx>
    """
  private static let v4 = """
    <edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
    <Schema Namespace="S" xmlns="http://docs.oasis-open.org/odata/ns/edm"><Function Name="F">
    \(parameters("Edm.Date"))<ReturnType Type="Edm.String"/></Function>
    <EntityContainer Name="C"><FunctionImport Name="F" Function="S.F"/></EntityContainer></Schema>
    </edmx:DataServices></edmx:Edmx>
    """

  private static func parameters(_ day: String) -> String {
    let types = [
      "A": "Edm.String", "B": day, "C": "Edm.DateTimeOffset", "D": "Edm.Decimal", "E": "Edm.Guid", "F": "Edm.Boolean",
      "G": "Edm.Int64", "H": "Edm.Double",
    ]
    return types.map { "<Parameter Name=\"\($0)\" Type=\"\($1)\"/>" }.joined()
  }

  private static func operations(_ document: String) -> [Operation] {
    let found = Array(document.utf8).withUnsafeBytes { try? Metadata.parse($0) }?.operations ?? []
    require(!found.isEmpty, "the fuzzer has an operation")
    return found
  }
}
