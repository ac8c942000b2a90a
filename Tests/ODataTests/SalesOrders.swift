// SPDX-License-Identifier: Apache-2.0

import Basics
import Testing

@testable import OData

/// A small service of the tests' own, in the manner of API_SALES_ORDER_SRV.
enum SalesOrders {
  static let metadata = """
    <?xml version="1.0" encoding="utf-8"?>
    <edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx"
        xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"
        xmlns:sap="http://www.sap.com/Protocols/SAPData">
      <edmx:Reference Uri="https://host:port/x" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"/>
      <edmx:DataServices m:DataServiceVersion="2.0">
        <Schema Namespace="SO" Alias="Self" xmlns="http://schemas.microsoft.com/ado/2008/09/edm">
          <EntityType Name="OrderType" sap:content-version="1">
            <Documentation><Summary>ignored</Summary></Documentation>
            <Key><PropertyRef Name="SalesOrder"/></Key>
            <Property Name="SalesOrder" Type="Edm.String" Nullable="false" MaxLength="10"/>
            <Property Name="CreationDate" Type="Edm.DateTime" Precision="0" sap:filterable="false"/>
            <Property Name="LastChangeDateTime" Type="Edm.DateTimeOffset" Precision="7" sap:sortable="false"/>
            <Property Name="TotalNetAmount" Type="Edm.Decimal" Precision="16" Scale="3"/>
            <Property Name="CreationTime" Type="Edm.Time"/>
            <Property Name="IsBlocked" Type="Edm.Boolean"/>
            <Property Name="Counter" Type="Edm.Int32"/>
            <Property Name="Small" Type="Edm.Byte"/>
            <Property Name="Signed" Type="Edm.SByte"/>
            <Property Name="Short" Type="Edm.Int16"/>
            <Property Name="Long" Type="Edm.Int64"/>
            <Property Name="Ratio" Type="Edm.Double"/>
            <Property Name="Share" Type="Edm.Single"/>
            <Property Name="UUID" Type="Edm.Guid"/>
            <Property Name="Raw" Type="Edm.Binary"/>
            <Property Name="Address" Type="SO.AddressType"/>
            <NavigationProperty Name="to_Item" Relationship="SO.Order_Item" FromRole="From" ToRole="To"/>
          </EntityType>
          <EntityType Name="ItemType">
            <Key><PropertyRef Name="SalesOrder"/><PropertyRef Name="SalesOrderItem"/></Key>
            <Property Name="SalesOrder" Type="Edm.String" Nullable="false"/>
            <Property Name="SalesOrderItem" Type="Edm.String" Nullable="false"/>
            <Property Name="RequestedQuantity" Type="Edm.Decimal" Precision="15" Scale="3"/>
            <NavigationProperty Name="to_Order" Relationship="Self.Order_Item" FromRole="To" ToRole="From"/>
          </EntityType>
          <EntityType Name="LineType" sap:semantics="aggregate">
            <Key><PropertyRef Name="ID"/></Key>
            <Property Name="ID" Type="Edm.String" sap:sortable="false" sap:filterable="false"/>
            <Property Name="Amount" Type="Edm.Decimal"/>
          </EntityType>
          <ComplexType Name="AddressType"><Property Name="City" Type="Edm.String"/></ComplexType>
          <Association Name="Order_Item">
            <End Type="SO.OrderType" Multiplicity="1" Role="From"/>
            <End Type="SO.ItemType" Multiplicity="*" Role="To"/>
          </Association>
          <EntityContainer Name="SO_Entities" m:IsDefaultEntityContainer="true">
            <EntitySet Name="Orders" EntityType="SO.OrderType"/>
            <EntitySet Name="Items" EntityType="Self.ItemType"/>
            <EntitySet Name="Lines" EntityType="SO.LineType"/>
            <FunctionImport Name="Cancel" ReturnType="SO.OrderType" EntitySet="Orders"/>
          </EntityContainer>
          <Annotations Target="SO.OrderType" xmlns="http://docs.oasis-open.org/odata/ns/edm">
            <Property Name="NotOne" Type="Edm.String"/>
          </Annotations>
        </Schema>
      </edmx:DataServices>
    </edmx:Edmx>
    """

  static let service = parse()

  static var order: EntityType { type("Orders") }
  static var item: EntityType { type("Items") }
  static var line: EntityType { type("Lines") }

  private static func type(_ set: String) -> EntityType {
    service.entitySets[set] ?? EntityType(qualifiedName: "none", properties: [])
  }

  private static func parse() -> Metadata {
    let parsed = try? bytes(metadata) { bytes throws(S4Error) in try Metadata.parse(bytes) }
    return parsed ?? Metadata(entitySets: [:], entityTypes: [:], warnings: ["the tests' own metadata cannot be read"])
  }
}

/// Lends a text's bytes.
func bytes<Result, Failure>(
  _ text: String, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
) throws(Failure) -> Result {
  try bytes(Array(text.utf8), body)
}

func bytes<Result, Failure>(
  _ text: [UInt8], _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
) throws(Failure) -> Result {
  try text.withUnsafeBufferPointer { (buffer: UnsafeBufferPointer<UInt8>) throws(Failure) -> Result in
    try body(UnsafeRawBufferPointer(buffer))
  }
}

/// Runs what should fail, and gives its error.
func failure<Result>(_ body: () throws(S4Error) -> Result) -> S4Error? {
  do throws(S4Error) {
    _ = try body()
    return nil
  } catch { return error }
}
