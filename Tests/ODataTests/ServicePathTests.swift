// SPDX-License-Identifier: Apache-2.0

import Basics
import Testing

@testable import OData

@Suite struct ServicePathTests {
  @Test(arguments: [
    ("API_SALES_ORDER_SRV", "/sap/opu/odata/sap/API_SALES_ORDER_SRV", "API_SALES_ORDER_SRV"),
    (
      "API_OUTBOUND_DELIVERY_SRV;v=0002", "/sap/opu/odata/sap/API_OUTBOUND_DELIVERY_SRV;v=0002",
      "API_OUTBOUND_DELIVERY_SRV"
    ),
    ("/sap/opu/odata/sap/API_BUSINESS_PARTNER", "/sap/opu/odata/sap/API_BUSINESS_PARTNER", "API_BUSINESS_PARTNER"),
    ("/sap/opu/odata/sap/API_BUSINESS_PARTNER/", "/sap/opu/odata/sap/API_BUSINESS_PARTNER", "API_BUSINESS_PARTNER"),
    ("API_BUSINESS_PARTNER/", "/sap/opu/odata/sap/API_BUSINESS_PARTNER", "API_BUSINESS_PARTNER"),
    (
      "/s4hanacloud/sap/opu/odata/sap/API_PLANT_SRV", "/s4hanacloud/sap/opu/odata/sap/API_PLANT_SRV", "API_PLANT_SRV"
    ),
  ])
  func namesAndPathsAreTaken(text: String, path: String, name: String) throws {
    let service = try ServicePath(text)
    #expect(service.path == path)
    #expect(service.name == name)
    #expect(service.root == path + "/")
    #expect(service.metadataPath == path + "/$metadata")
  }

  @Test(arguments: [
    "", "/", "//", "//evil.example/x", "/sap//x", "/sap/../x", "/sap/..;v=1/x", "/sap/./x", "/..", "..", ".",
    "sap/API_X", "/sap/x//",
    "/sap/%2e%2e/x", "/sap/%2E%2E/x", "/sap/x?y", "/sap/x#y", "/sap/x y", "/sap/x\r\nHost: evil", "x\ny", "x\u{0}",
    "x\u{7F}", "/sap\\x", "@evil.example", "/@evil.example", "user:pw@evil", ":443/x", "https://evil.example/x",
    "/sap/$metadata",
    "/sap/ü", "/\u{301}x", "/sap/x'", "API*",
  ])
  func whatCouldLeadElsewhereIsRefused(text: String) {
    let error = failure { () throws(S4Error) in try ServicePath(text) }
    #expect(error?.code == .invalidArgument)
    #expect(error?.target == "service")
    #expect(error?.message.utf8.contains { $0 < 0x20 } == false)
  }

  @Test func longPathsAreRefused() {
    #expect(failure { () throws(S4Error) in try ServicePath("/" + String(repeating: "a", count: 2_000)) } != nil)
  }

  @Test func entitySetsStandBelowTheRoot() throws {
    let service = try ServicePath("API_X")
    #expect(service.path(ofEntitySet: "A_SalesOrder") == "/sap/opu/odata/sap/API_X/A_SalesOrder")
    #expect(service.path(ofEntitySet: "A_SalesOrder", key: "('1')") == "/sap/opu/odata/sap/API_X/A_SalesOrder('1')")
    #expect(service.path(ofEntitySet: "Ä/?#") == "/sap/opu/odata/sap/API_X/%C3%84%2F%3F%23")
  }
}
