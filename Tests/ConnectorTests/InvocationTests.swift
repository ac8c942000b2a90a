// SPDX-License-Identifier: Apache-2.0

import Basics
import HTTP
import Testing

@testable import Connector
@testable import OData

/// What a call of an operation is made of, before anything is sent.
@Suite struct InvocationTests {
  private static let v4 = """
    <edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
    <Schema Namespace="x" xmlns="http://docs.oasis-open.org/odata/ns/edm">
    <EntityType Name="Bill"><Key><PropertyRef Name="Id"/></Key><Property Name="Id" Type="Edm.String"/></EntityType>
    <Action Name="Post" IsBound="true"><Parameter Name="_it" Type="x.Bill"/><ReturnType Type="x.Bill"/></Action>
    <Action Name="Sweep" IsBound="true"><Parameter Name="_it" Type="Collection(x.Bill)"/></Action>
    <Function Name="Text" IsBound="true"><Parameter Name="_it" Type="x.Bill"/>
    <Parameter Name="Language" Type="Edm.String"/><ReturnType Type="Edm.String"/></Function>
    <Action Name="Close"/>
    <EntityContainer Name="C"><EntitySet Name="Bills" EntityType="x.Bill"/>
    <ActionImport Name="CloseAll" Action="x.Close"/></EntityContainer>
    </Schema></edmx:DataServices></edmx:Edmx>
    """
  private static let v2 = """
    <edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx"><edmx:DataServices>
    <Schema Namespace="S" xmlns="http://schemas.microsoft.com/ado/2008/09/edm"
    xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata">
    <EntityType Name="B"><Key><PropertyRef Name="Id"/></Key><Property Name="Id" Type="Edm.String"/></EntityType>
    <EntityContainer Name="C"><EntitySet Name="Bills" EntityType="S.B"/>
    <FunctionImport Name="Release" ReturnType="S.B" m:HttpMethod="POST"><Parameter Name="Id" Type="Edm.String"/>
    </FunctionImport><FunctionImport Name="Look" ReturnType="S.B" m:HttpMethod="GET"/></EntityContainer>
    </Schema></edmx:DataServices></edmx:Edmx>
    """

  private func metadata(_ text: String) throws -> Metadata {
    try Array(text.utf8).withUnsafeBytes { bytes in Result { () throws(S4Error) in try Metadata.parse(bytes) } }.get()
  }

  private func call(_ operation: String, on set: String? = nil, key: String? = nil) throws -> Invocation {
    var call = Invocation(service: try ServicePath("/sap/x"), operation: operation)
    call.entitySet = set
    if let key { call.key = try PreparedKey(key, parameterCount: 0) }
    return call
  }

  private func argument(_ name: String, _ call: inout Invocation) throws {
    call.arguments = try PreparedKey(name + "=?", parameterCount: 1, argument: "arguments")
    call.argumentParameters = [.text("a/b")]
  }

  private func refusal(_ call: Invocation, _ document: String = v4) throws -> String? {
    let metadata = try metadata(document)
    let error = #expect(throws: S4Error.self) { _ = try call.prepare(metadata) }
    #expect(error?.code == .invalidArgument && error?.outcome == .notSent)
    return error?.target
  }

  @Test func effectAndTargetComeFromTheMetadata() throws {
    let metadata = try metadata(Self.v4)
    let post = try call("Post", on: "Bills", key: "'1'").prepare(metadata)
    #expect(post.operation.hasEffect && post.target == "/sap/x/Bills('1')/x.Post")
    #expect(post.type.qualifiedName == "x.Bill")
    let sweep = try call("x.Sweep", on: "Bills").prepare(metadata)
    #expect(sweep.operation.hasEffect && sweep.target == "/sap/x/Bills/x.Sweep")
    let close = try call("CloseAll").prepare(metadata)
    #expect(close.operation.hasEffect && close.target == "/sap/x/CloseAll")
    var text = try call("Text", on: "Bills", key: "'1'")
    try argument("Language", &text)
    let read = try text.prepare(metadata)
    #expect(!read.operation.hasEffect && read.target == "/sap/x/Bills('1')/x.Text(Language='a%2Fb')")
  }

  @Test func functionImportsTakeTheirArgumentsInTheQuery() throws {
    let metadata = try metadata(Self.v2)
    var release = try call("Release")
    try argument("Id", &release)
    let found = try release.prepare(metadata)
    #expect(found.operation.hasEffect && found.target == "/sap/x/Release?Id=%27a/b%27")
    #expect(found.type.qualifiedName == "S.B")
    #expect(try !call("Look").prepare(metadata).operation.hasEffect)
  }

  @Test func keysStandWhereADocumentIsMeant() throws {
    #expect(try refusal(call("Sweep", on: "Bills", key: "'1'")) == "key")
    #expect(try refusal(call("Post", on: "Bills")) == "key")
    #expect(try refusal(call("Post", on: "Bills", key: "Nr='1'")) == "key")
  }

  @Test func bodiesBelongToActions() throws {
    var action = try call("Post", on: "Bills", key: "'1'")
    action.payload = Body()
    #expect(try action.prepare(metadata(Self.v4)).operation.hasEffect)
    var function = try call("Text", on: "Bills", key: "'1'")
    function.payload = Body()
    #expect(try refusal(function) == "body")
    var release = try call("Release")
    release.payload = Body()
    #expect(try refusal(release, Self.v2) == "body")
    try argument("Id", &action)
    action.payload = nil
    #expect(try refusal(action) == "arguments")
  }

  @Test func etagsBelongToWhatChangesSomething() throws {
    for match in [WriteRequest.Match.any, .tag("W/\"1\"")] {
      var action = try call("Post", on: "Bills", key: "'1'")
      action.match = match
      #expect(try action.prepare(metadata(Self.v4)).operation.hasEffect)
      var function = try call("Text", on: "Bills", key: "'1'")
      function.match = match
      #expect(try refusal(function) == "etag")
      var look = try call("Look")
      look.match = match
      #expect(try refusal(look, Self.v2) == "etag")
    }
  }
}
