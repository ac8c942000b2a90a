// SPDX-License-Identifier: Apache-2.0

import Basics
import HTTP
import OData

/// A write of one document.
package struct WriteRequest: Sendable {
  /// What it does. The raw values are the header's `ASKEL_S4_WRITE_…` numbers.
  package enum Kind: Int32, Sendable {
    /// A new document, with what it has below it.
    case create = 1
    /// Properties that are given change.
    case update = 2
    /// The same, by OData V2's own verb.
    case merge = 3
    /// Properties that are not given go back to their defaults.
    case replace = 4
    case delete = 5

    var method: HTTPRequest.Method {
      switch self {
      case .create: .post
      case .update: .patch
      case .merge: .merge
      case .replace: .put
      case .delete: .delete
      }
    }
  }

  /// Which version of the document may be changed.
  package enum Match: Sendable {
    /// A new one is none of any version.
    case none
    /// `If-Match`, byte for byte as the tenant gave it.
    case tag(String)
    /// Whatever stands there: what others changed is overwritten.
    case any

    func headers(hasBody: Bool) -> [String] {
      let headers = hasBody ? ["Content-Type: application/json; charset=utf-8"] : []
      return switch self {
      case .none: headers
      case .tag(let tag): headers + ["If-Match: " + tag]
      case .any: headers + ["If-Match: *"]
      }
    }
  }

  package var kind: Kind
  package var service: ServicePath
  package var entitySet: String
  /// Of the document; for `create` below another one, of that; nil: none.
  package var key: PreparedKey?
  package var parameters: [Parameter]
  /// The navigation property below which a document is created; nil: in the entity set itself.
  package var navigation: String?
  /// JSON; nil for `delete`.
  package var payload: Body?
  package var match: Match
  /// Milliseconds; 0: the client's.
  package var timeout: Int64
  package var trace: TraceParent?
  /// The service knows repeatable requests.
  package var isRepeatable = false

  package init(
    _ kind: Kind, service: ServicePath, entitySet: String, key: PreparedKey?, parameters: [Parameter],
    navigation: String?, payload: Body?, match: Match, timeout: Int64
  ) {
    self.kind = kind
    self.service = service
    self.entitySet = entitySet
    self.key = key
    self.parameters = parameters
    self.navigation = navigation
    self.payload = payload
    self.match = match
    self.timeout = timeout
  }

  /// - Returns: where the request goes, and what the document in the answer is.
  /// - Throws: `.invalidArgument`, `.notFound`.
  func target(_ metadata: Metadata) throws(S4Error) -> (path: String, type: EntityType) {
    guard metadata.version == .v2 || kind != .merge else {
      throw .invalidArgument("kind", "MERGE is a verb of OData V2, and \(service.name) speaks V4: UPDATE does the same")
    }
    let type = try metadata.entityType(ofSet: entitySet)
    let key = if let key { try key.render(parameters, type: type) } else { "" }
    let written = if let navigation { try metadata.entityType(behind: navigation, of: type) } else { type }
    return (service.path(ofEntitySet: entitySet, key: key, navigation: navigation), written)
  }
}
