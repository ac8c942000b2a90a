// SPDX-License-Identifier: Apache-2.0

import Basics
import Testing

@testable import OData

@Suite struct OperationTests {
  static let v4 = """
    <edmx:Edmx Version="4.01" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">
     <edmx:DataServices>
      <Schema Namespace="com.sap.x" Alias="SELF" xmlns="http://docs.oasis-open.org/odata/ns/edm">
       <EntityType Name="Bill"><Key><PropertyRef Name="Id"/><PropertyRef Name="Day"/></Key>
        <Property Name="Id" Type="Edm.Guid" Nullable="false"/>
        <Property Name="Day" Type="Edm.Date" Nullable="false"/>
        <Property Name="At" Type="Edm.TimeOfDay"/><Property Name="Since" Type="Edm.DateTimeOffset"/>
        <Property Name="Amount" Type="Edm.Decimal" Precision="8" Scale="2"/>
        <Property Name="Count" Type="Edm.Int64"/><Property Name="Kind" Type="SELF.Kind"/>
        <NavigationProperty Name="_Line" Type="Collection(SELF.Line)"/>
        <NavigationProperty Name="_Payer" Type="com.sap.x.Payer"/>
       </EntityType>
       <EntityType Name="Line"><Key><PropertyRef Name="No"/></Key><Property Name="No" Type="Edm.String"/></EntityType>
       <Action Name="Post" IsBound="true"><Parameter Name="_it" Type="SELF.Bill"/>
        <ReturnType Type="SELF.Bill"/></Action>
       <Action Name="Sweep" IsBound="true"><Parameter Name="_it" Type="Collection(SELF.Bill)"/>
        <Parameter Name="Day" Type="Edm.Date"/></Action>
       <Function Name="Pdf" IsBound="true"><Parameter Name="_it" Type="com.sap.x.Bill"/>
        <Parameter Name="Language" Type="Edm.String"/><Parameter Name="On" Type="Edm.Date"/>
        <ReturnType Type="Edm.Binary"/></Function>
       <Function Name="Rate"><Parameter Name="On" Type="Edm.Date"/><ReturnType Type="Edm.Decimal"/></Function>
       <Action Name="Close"/>
       <EntityContainer Name="C"><EntitySet Name="Bill" EntityType="com.sap.x.Bill"/>
        <EntitySet Name="Line" EntityType="SELF.Line"/>
        <FunctionImport Name="RateOn" Function="SELF.Rate"/><ActionImport Name="CloseAll" Action="com.sap.x.Close"/>
        <ActionImport Name="Nowhere" Action="SELF.None"/>
       </EntityContainer>
      </Schema>
     </edmx:DataServices>
    </edmx:Edmx>
    """

  private func metadata(_ text: String = v4) throws -> Metadata {
    try bytes(text) { bytes throws(S4Error) in try Metadata.parse(bytes) }
  }

  private func target(
    _ name: String, on set: String? = nil, key: String = "", _ arguments: String? = nil, _ values: [Parameter] = []
  ) throws -> String {
    let operation = try metadata().operation(named: name, entitySet: set)
    let service = try ServicePath("/sap/x/0001")
    return try operation.target(
      service: service, place: set.map { service.path(ofEntitySet: $0, key: key) },
      arguments: try arguments.map { try PreparedKey($0, parameterCount: values.count, argument: "arguments") }, values)
  }

  @Test func typesOfV4AreRead() throws {
    let metadata = try metadata()
    #expect(metadata.version == .v4)
    let bill = try metadata.entityType(ofSet: "Bill")
    #expect(bill.key == ["Id", "Day"])
    #expect(bill.navigation("_Line")?.targetEntityType == "com.sap.x.Line")
    #expect(bill.navigation("_Line")?.isCollection == true && bill.navigation("_Payer")?.isCollection == false)
    #expect(metadata.warnings.count == 1 && contains(metadata.warnings.first ?? "", "Nowhere"))
  }

  @Test func keysOfV4HaveItsLiterals() throws {
    let bill = try metadata().entityType(ofSet: "Bill")
    let key = try PreparedKey("Id=?,Day=?", parameterCount: 2)
    let id = "25fae728-0000-0000-0000-00000000abcd"
    #expect(try key.render([.guid(id), .date("2026-11-23")], type: bill) == "(Id=\(id),Day=2026-11-23)")
    let wrong: [(Parameter, String)] = [
      (.text("x"), "Id"), (.dateTime("2026-11-23T00:00:00Z"), "Day"), (.date("2026-11-31"), "Day"),
      (.time("9:00:00"), "At"), (.dateTime("2026-11-23T00:00:00"), "Since"), (.decimal("1.234"), "Amount"),
      (.decimal("1e3"), "Amount"), (.boolean(true), "Count"), (.text("a\0b"), "Kind"),
    ]
    for (parameter, name) in wrong {
      #expect(throws: S4Error.self) { try parameter.literal(for: bill.property(name)) }
    }
    let right: [(Parameter, String, String)] = [
      (.time("09:00:00"), "At", "09:00:00"), (.dateTime("2026-11-23T10:00:00+02:00"), "Since", "2026-11-23T08:00:00Z"),
      (.decimal("1.23"), "Amount", "1.23"), (.integer(5), "Amount", "5"), (.integer(.min), "Count", "\(Int64.min)"),
      (.text("o'x"), "Kind", "'o''x'"),
    ]
    for (parameter, name, literal) in right {
      #expect(try parameter.literal(for: bill.property(name)) == literal)
    }
  }

  @Test func operationsStandWhereTheyAreBound() throws {
    #expect(try target("Post", on: "Bill", key: "(1)") == "/sap/x/0001/Bill(1)/com.sap.x.Post")
    #expect(try target("com.sap.x.Post", on: "Bill", key: "(1)") == "/sap/x/0001/Bill(1)/com.sap.x.Post")
    #expect(
      try target("Pdf", on: "Bill", key: "(1)", "Language=?,On=?", [.text("d'e/f)"), .date("2026-01-02")])
        == "/sap/x/0001/Bill(1)/com.sap.x.Pdf(Language='d''e%2Ff)',On=2026-01-02)")
    #expect(try target("RateOn", "On=?", [.date("2026-01-02")]) == "/sap/x/0001/RateOn(On=2026-01-02)")
    #expect(try target("RateOn") == "/sap/x/0001/RateOn()")
    #expect(try target("CloseAll") == "/sap/x/0001/CloseAll")
    let post = try metadata().operation(named: "Post", entitySet: "Bill")
    #expect(post.hasEffect && post.returnType == "com.sap.x.Bill" && post.boundTo?.isCollection == false)
    let sweep = try metadata().operation(named: "Sweep", entitySet: "Bill")
    #expect(sweep.boundTo?.isCollection == true && sweep.parameters.map(\.name) == ["Day"])
    #expect(try !metadata().operation(named: "Pdf", entitySet: "Bill").hasEffect)
  }

  @Test func whatDoesNotFitIsNamed() throws {
    for (name, set) in [("Post", nil), ("Close", nil), ("Rate", nil), ("Post", "Line"), ("Nowhere", nil)] {
      let error = #expect(throws: S4Error.self) { try metadata().operation(named: name, entitySet: set) }
      #expect(error?.code == .notFound && error?.target == "operation", "\(name)")
    }
    #expect(throws: S4Error.self) { try metadata().operation(named: "Post", entitySet: "Bil") }
    #expect(throws: S4Error.self) { try target("Sweep", on: "Bill", "Day=?", [.date("2026-01-02")]) }
    #expect(throws: S4Error.self) { try target("RateOn", "On=?", [.text("x")]) }
    #expect(throws: S4Error.self) { try target("RateOn", "On=?", [.null]) }
    #expect(throws: S4Error.self) { try target("RateOn", "On=?,On=?", [.date("2026-01-02"), .date("2026-01-02")]) }
    #expect(throws: S4Error.self) { try target("RateOn", "?", [.date("2026-01-02")]) }
  }

  @Test func functionImportsKeepTheirVerb() throws {
    let metadata = try metadata(
      """
      <edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx"
       xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"><edmx:DataServices>
       <Schema Namespace="N" xmlns="http://schemas.microsoft.com/ado/2008/09/edm"><EntityContainer Name="C">
        <FunctionImport Name="A" m:HttpMethod="GET"/><FunctionImport Name="B" m:HttpMethod="POST"/>
        <FunctionImport Name="D" m:HttpMethod="DELETE"/><FunctionImport Name="E"/>
       </EntityContainer></Schema></edmx:DataServices></edmx:Edmx>
      """)
    #expect(
      metadata.operations.map { "\($0.name) \($0.verb) \($0.hasEffect)" } == [
        "A GET false", "B POST true", "D DELETE true", "E GET false",
      ])
  }

  @Test func resultsOfV2AreUnwrapped() throws {
    func result(_ body: String) throws -> String {
      try bytes(body) { bytes throws(S4Error) in
        String(decoding: bytes[try Document.result(bytes, of: "GetPDF")], as: UTF8.self)
      }
    }
    #expect(try result(#"{"d":{"GetPDF":{"A":1}}}"#) == #"{"A":1}"#)
    #expect(try result(#" {"d" : {"results":[{"A":1}]}}"#) == #"[{"A":1}]"#)
    #expect(try result(#"{"d":{"A":{"B":1}}}"#) == #"{"A":{"B":1}}"#)
    #expect(try result(#"{"d":{"GetPDF":{"A":1},"B":2}}"#) == #"{"GetPDF":{"A":1},"B":2}"#)
    #expect(try result(#"{"d":{"GetPDF":true}}"#) == #"{"GetPDF":true}"#)
    #expect(try result(#"{"d":null}"#) == "")
    for wrong in [#"{"d":{}"#, #"{}"#, "[]", #"{"error":{"code":"1","message":{"value":"x"}}}"#, ""] {
      #expect(throws: S4Error.self) { try result(wrong) }
    }
  }

  @Test func documentsOfV4AreReadByteForByte() throws {
    let body = #" {"@odata.context":"$metadata","@odata.etag":"W/\"1\"","A":{"@odata.etag":"inner"}} "#
    let (text, etag) = try bytes(body) { bytes throws(S4Error) in
      let index = try Document.read4(bytes)
      return (String(decoding: bytes[index.object], as: UTF8.self), index.etag)
    }
    #expect(text == body.dropFirst().dropLast() && etag == #"W/"1""#)
    for wrong in ["", "[]", "{", #"{"A":1}x"#, #"{"A":01}"#, #"{"error":{"code":"1","message":"x"}}"#] {
      #expect(throws: S4Error.self) { _ = try bytes(wrong) { bytes throws(S4Error) in try Document.read4(bytes) } }
    }
  }
}
