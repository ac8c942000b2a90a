// SPDX-License-Identifier: Apache-2.0

import Basics
import Testing

@testable import OData

@Suite(.enabled(if: SharedData.root != nil, Comment(rawValue: SharedData.absence)))
struct MetadataCorpusTests {
  @Test func everyRealDocumentIsRead() throws {
    var documents: [Metadata.Version: Int] = [:]
    var sets = 0
    var properties = 0
    var operations = 0
    for path in SharedData.files("edmx") + SharedData.files("metadata-corpus") {
      let contents = SharedData.read(path)
      let metadata = try bytes(contents) { bytes throws(S4Error) in try Metadata.parse(bytes) }
      documents[metadata.version, default: 0] += 1
      sets += metadata.entitySets.count
      properties += metadata.entityTypes.values.reduce(0) { $0 + $1.properties.count }
      operations += metadata.operations.count
      #expect(!metadata.entitySets.isEmpty, "\(path)")
      #expect(metadata.warnings == [], "\(path)")
      for type in metadata.entityTypes.values {
        #expect(type.properties.allSatisfy { type.property($0.name) == $0 }, "\(path) \(type.qualifiedName)")
      }
    }
    print("metadata: \(documents), \(sets) entity sets, \(properties) properties, \(operations) operations")
    #expect(documents[.v2, default: 0] >= 81 && documents[.v4] == 4)
  }

  @Test func operationsAreAsSAPDeclaresThem() throws {
    func metadata(_ name: String) throws -> Metadata {
      let contents = SharedData.read((SharedData.root ?? "") + "/edmx/\(name).edmx")
      return try bytes(contents) { bytes throws(S4Error) in try Metadata.parse(bytes) }
    }
    let pdf = try metadata("API_BILLING_DOCUMENT_SRV").operation(named: "GetPDF", entitySet: nil)
    #expect(!pdf.hasEffect && pdf.parameters.map(\.name) == ["BillingDocument"])
    let bills = try metadata("CE_BILLINGDOCUMENT_0001")
    let post = try bills.operation(named: "PostToAccounting", entitySet: "BillingDocument")
    #expect(post.hasEffect && post.boundTo?.isCollection == false)
    let create = try bills.operation(named: "CreateFromSDDocument", entitySet: "BillingDocument")
    #expect(create.hasEffect && create.boundTo?.isCollection == true)
  }

  @Test func salesOrdersAreAsSAPDeclaresThem() throws {
    let contents = SharedData.read((SharedData.root ?? "") + "/edmx/API_SALES_ORDER_SRV.edmx")
    let metadata = try bytes(contents) { bytes throws(S4Error) in try Metadata.parse(bytes) }
    let order = try metadata.entityType(ofSet: "A_SalesOrder")
    #expect(order.qualifiedName == "API_SALES_ORDER_SRV.A_SalesOrderType")
    #expect(order.key == ["SalesOrder"])
    #expect(order.property("TotalNetAmount")?.scale == 3)
    #expect(order.navigation("to_Item")?.targetEntityType == "API_SALES_ORDER_SRV.A_SalesOrderItemType")
    #expect(order.navigation("to_Item")?.isCollection == true)
    #expect(try metadata.entityType(ofSet: "A_SalesOrderItem").key == ["SalesOrder", "SalesOrderItem"])
    let filter = try PreparedFilter(
      "OverallSDProcessStatus ne ? and CreationDate ge ? and to_Item/RequestedQuantity gt ?", parameterCount: 3)
    #expect(
      try filter.render([.text("C"), .date("2026-10-24"), .decimal("1.5")], type: order, in: metadata)
        == "OverallSDProcessStatus ne 'C' and CreationDate ge datetime'2026-10-24T00:00:00' "
        + "and to_Item/RequestedQuantity gt 1.5M")
  }

  @Test func journalLinesAreAggregated() throws {
    let contents = SharedData.read((SharedData.root ?? "") + "/edmx/API_GLACCOUNTLINEITEM.edmx")
    let type = try bytes(contents) { bytes throws(S4Error) in try Metadata.parse(bytes) }
      .entityType(ofSet: "GLAccountLineItem")
    #expect(type.isAggregate)
    #expect(try Query.orderby(nil, type: type) == nil)
  }

  @Test func recordedPagesAndErrorsAreRead() throws {
    let lines = { (name: String) in
      SharedData.read((SharedData.root ?? "") + "/payloads/" + name)
        .split(separator: UInt8(ascii: "\n")).map(Array.init).filter { $0.first != UInt8(ascii: "#") }
    }
    let type = EntityType(
      qualifiedName: "API_SALES_ORDER_SRV.A_SalesOrderType",
      properties: [
        Property(name: "SalesOrder", type: .string), Property(name: "LastChangeDateTime", type: .dateTimeOffset),
      ], key: ["SalesOrder"])
    let page = Array(lines("05_v2_sales_order_expand_item.json.txt").joined(separator: [UInt8(ascii: "\n")]))
    try bytes(page) { body throws(S4Error) in
      let index = try Page.read(body, type: type)
      #expect(index.rows.count == 1)
      let changed = try RowReader.field("LastChangeDateTime", inRow: index.rows[0], of: body, type: type)
      #expect(changed.text(of: body) == "2005-10-24T15:36:52Z")
    }
    for (name, codes) in [
      ("08_v2_error_recorded.json.txt", ["005056A509B11EE1B9A8FEC11C23378E", "ZCU/100", "***/***"]),
      ("09_v4_error_recorded.json.txt", ["M7/502"]),
    ] {
      let errors = lines(name).map { line in
        bytes(line) { AnswerError.from(status: 400, contentType: "application/json", body: $0, target: "/x") }
      }
      #expect(errors.map(\.sapCode) == codes)
      #expect(errors.allSatisfy { $0.code == .serviceError && $0.outcome == .notProcessed })
    }
  }
}
