// SPDX-License-Identifier: Apache-2.0

import Basics
import Testing

@testable import OData

@Suite struct MetadataTests {
  private func parse(_ text: String) throws(S4Error) -> Metadata {
    try bytes(text) { bytes throws(S4Error) in try Metadata.parse(bytes) }
  }

  private func document(_ schema: String, version: String = "1.0") -> String {
    """
    <edmx:Edmx Version="\(version)" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx"
      xmlns:sap="http://www.sap.com/Protocols/SAPData"><edmx:DataServices>
      <Schema Namespace="N" xmlns="http://schemas.microsoft.com/ado/2008/09/edm">\(schema)</Schema>
    </edmx:DataServices></edmx:Edmx>
    """
  }

  @Test func typesOfEntitySetsAreRead() {
    #expect(SalesOrders.service.warnings == [])
    #expect(SalesOrders.service.entitySets.keys.sorted() == ["Items", "Lines", "Orders"])
    let order = SalesOrders.order
    #expect(order.qualifiedName == "SO.OrderType")
    #expect(order.name == "OrderType")
    #expect(order.key == ["SalesOrder"])
    #expect(order.properties.count == 16)
    #expect(
      order.property("SalesOrder")
        == Property(name: "SalesOrder", type: .string, maxLength: 10, isNullable: false))
    #expect(order.property("TotalNetAmount")?.precision == 16)
    #expect(order.property("TotalNetAmount")?.scale == 3)
    #expect(order.property("CreationDate")?.isFilterable == false)
    #expect(order.property("CreationDate")?.isSortable == true)
    #expect(order.property("LastChangeDateTime")?.isSortable == false)
    #expect(order.property("Address")?.type == .other("SO.AddressType"))
    #expect(order.property("City") == nil)
    #expect(order.property("NotOne") == nil)
    #expect(order.property("salesorder") == nil)
    #expect(SalesOrders.item.key == ["SalesOrder", "SalesOrderItem"])
  }

  @Test func everyPrimitiveTypeIsKnown() {
    let types = SalesOrders.order.properties.map(\.type)
    #expect(
      types == [
        .string, .dateTime, .dateTimeOffset, .decimal, .time, .boolean, .int32, .byte, .sByte, .int16, .int64, .double,
        .single, .guid, .binary, .other("SO.AddressType"),
      ])
    #expect(types.map { EdmType($0.name) } == types)
  }

  @Test func navigationPropertiesFollowTheirAssociations() {
    #expect(
      SalesOrders.order.navigations
        == [NavigationProperty(name: "to_Item", targetEntityType: "SO.ItemType", isCollection: true)])
    #expect(
      SalesOrders.item.navigation("to_Order")
        == NavigationProperty(name: "to_Order", targetEntityType: "SO.OrderType", isCollection: false))
  }

  @Test func aggregatedTypesHaveNoKeyToGoBy() {
    #expect(SalesOrders.line.isAggregate)
    #expect(!SalesOrders.line.hasKey)
    #expect(!SalesOrders.order.isAggregate)
    #expect(SalesOrders.order.hasKey)
  }

  @Test func unknownEntitySetIsNotFoundAndNearOnesAreNamed() {
    let error = failure { () throws(S4Error) in try SalesOrders.service.entityType(ofSet: "Order") }
    #expect(error?.code == .notFound)
    #expect(error?.target == "entity_set")
    #expect(error?.message == "the service has no entity set \"Order\"; did you mean Orders?")
    #expect(failure { () throws(S4Error) in try SalesOrders.service.entityType(ofSet: "Orders") } == nil)
  }

  @Test func referencesToWhatIsMissingCostAWarning() throws {
    let metadata = try parse(
      document(
        """
        <EntityType Name="A" BaseType="N.Gone"><Key><PropertyRef Name="Id"/><PropertyRef Name="Lost"/></Key>
          <Property Name="Id" Type="Edm.String"/><Property Name="Id" Type="Edm.Int32"/>
          <Property Name="bad name" Type="Edm.String"/>
          <NavigationProperty Name="to_B" Relationship="N.Gone" FromRole="a" ToRole="b"/></EntityType>
        <EntityType Name="A"/>
        <EntityContainer Name="C"><EntitySet Name="As" EntityType="N.A"/><EntitySet Name="Bs" EntityType="N.B"/>
          <EntitySet Name="As" EntityType="N.A"/><EntitySet Name="x/../y" EntityType="N.A"/></EntityContainer>
        """))
    #expect(metadata.entitySets.keys.sorted() == ["As"])
    let type = try metadata.entityType(ofSet: "As")
    #expect(type.key == [])
    #expect(type.properties == [Property(name: "Id", type: .string)])
    #expect(type.navigations == [NavigationProperty(name: "to_B", targetEntityType: "", isCollection: true)])
    #expect(metadata.warnings.count == 9)
    for part in ["bad name", "N.Gone", "\"Lost\"", "Id twice", "N.B", "As is declared twice", "x/../y"] {
      #expect(metadata.warnings.contains { $0.utf8.count < 200 && contains($0, part) }, "\(part)")
    }
  }

  @Test func typesInheritKeyAndProperties() throws {
    let metadata = try parse(
      document(
        """
        <EntityType Name="Derived" BaseType="N.Base"><Property Name="Own" Type="Edm.String"/></EntityType>
        <EntityType Name="Base"><Key><PropertyRef Name="Id"/></Key><Property Name="Id" Type="Edm.String"/></EntityType>
        <EntityType Name="Loop" BaseType="N.Loop"><Property Name="Own" Type="Edm.String"/></EntityType>
        """))
    #expect(metadata.entityTypes["N.Derived"]?.key == ["Id"])
    #expect(metadata.entityTypes["N.Derived"]?.properties.map(\.name) == ["Id", "Own"])
    #expect(metadata.entityTypes["N.Loop"]?.properties.map(\.name) == ["Own"])
  }

  @Test func senselessLengthsAreNone() throws {
    let metadata = try parse(
      document(
        """
        <EntityType Name="A"><Property Name="P" Type="Edm.String" MaxLength="Max"/>
          <Property Name="Q" Type="Edm.Decimal" Precision="-1" Scale="99999999999999999999"/></EntityType>
        """))
    #expect(metadata.entityTypes["N.A"]?.property("P")?.maxLength == nil)
    #expect(metadata.entityTypes["N.A"]?.property("Q") == Property(name: "Q", type: .decimal))
  }

  @Test func anotherVersionIsRefusedInPlainWords() {
    let v3 = """
      <edmx:Edmx Version="3.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices/></edmx:Edmx>
      """
    let error = failure { () throws(S4Error) in try parse(v3) }
    #expect(error?.code == .invalidArgument)
    #expect(error?.target == "service")
    #expect(contains(error?.message ?? "", "V4"))
  }

  @Test(arguments: [
    "", " ", "x", "<", "<a>", "<a></b>", "<html><body></body></html>", "<a/>", "<a/><b/>", "{\"d\":1}", "<a b=c/>",
    "<x:a/>", "<a>&undeclared;</a>", "<a>\u{0}</a>", "<a>&#0;</a>",
  ])
  func whatIsNoEDMXIsMalformed(text: String) {
    let error = failure { () throws(S4Error) in try parse(text) }
    #expect(error?.code == .malformedAnswer)
    #expect(error?.target == "$metadata")
    #expect(error?.outcome == .unknown)
  }

  @Test func documentTypeDeclarationsAreRefused() {
    let laughs = """
      <!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
      <edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx">&b;</edmx:Edmx>
      """
    for text in [laughs, "<!DOCTYPE x SYSTEM \"file:///etc/passwd\"><x/>", "<!DOCTYPE html><html/>"] {
      #expect(contains(failure { () throws(S4Error) in try parse(text) }?.message ?? "", "declares a document type"))
    }
  }

  @Test func depthAndSizeAreBounded() {
    let bomb = String(repeating: "<a>", count: 100_000)
    #expect(contains(failure { () throws(S4Error) in try parse(bomb) }?.message ?? "", "nested too deeply"))
    let many = "<a>" + String(repeating: "<b/>", count: XMLParser.maximumElements) + "</a>"
    #expect(contains(failure { () throws(S4Error) in try parse(many) }?.message ?? "", "too many elements"))
    let long = [UInt8](repeating: 0x20, count: 65 << 20)
    #expect(
      failure { () throws(S4Error) in
        try bytes(long) { bytes throws(S4Error) in try Metadata.parse(bytes) }
      }?.code == .tooLarge)
  }

  @Test func warningsAreBounded() throws {
    let sets = (0..<500).map { "<EntitySet Name=\"S\($0)\" EntityType=\"N.Gone\"/>" }.joined()
    #expect(try parse(document("<EntityContainer Name=\"C\">\(sets)</EntityContainer>")).warnings.count == 100)
  }

  @Test func theDocumentIsReadInPiecesToo() throws {
    // Longer than one piece, so that tags are cut between two.
    let padding = String(repeating: "<!-- 0123456789 -->", count: 120_000)
    let metadata = try parse(
      document(padding + "<EntityType Name=\"A\"><Property Name=\"P\" Type=\"Edm.Guid\"/></EntityType>" + padding))
    #expect(metadata.entityTypes["N.A"]?.property("P")?.type == .guid)
  }
}

/// Says whether a text has a part, byte by byte.
func contains(_ text: String, _ part: String) -> Bool {
  let (text, part) = (Array(text.utf8), Array(part.utf8))
  return text.count >= part.count && (0...(text.count - part.count)).contains { text[$0...].starts(with: part) }
}
