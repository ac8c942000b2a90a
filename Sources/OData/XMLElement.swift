// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif
import CExpat

/// An element's start tag, as expat reports it: valid only inside the call that brings it.
struct XMLElement {
  /// Namespace and local name, one line break between them; the local name alone where there is no namespace.
  private let qualified: String
  private let attributes: UnsafeMutablePointer<UnsafePointer<XML_Char>?>?

  init(name: UnsafePointer<XML_Char>, attributes: UnsafeMutablePointer<UnsafePointer<XML_Char>?>?) {
    qualified = String(cString: name)
    self.attributes = attributes
  }

  var namespace: Substring {
    qualified.firstIndex(of: "\n").map { qualified[..<$0] } ?? ""
  }

  var name: Substring {
    qualified.firstIndex(of: "\n").map { qualified[qualified.index(after: $0)...] } ?? qualified[...]
  }

  /// Finds an attribute's value. One with a namespace goes by the namespace, a line break and its name.
  subscript(_ name: String) -> String? {
    guard var next = attributes else { return nil }
    while let attribute = next[0], let value = next[1] {
      if strcmp(attribute, name) == 0 { return String(cString: value) }
      next += 2
    }
    return nil
  }

  /// Finds an attribute of SAP's namespace. Source: SAP Annotations for OData Version 2.0.
  subscript(sap name: String) -> String? {
    self["http://www.sap.com/Protocols/SAPData\n" + name]
  }
}
