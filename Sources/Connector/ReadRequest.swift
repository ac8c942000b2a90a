// SPDX-License-Identifier: Apache-2.0

import Basics
import OData

/// What a cursor reads, as far as it can be checked before `$metadata` is known.
package struct ReadRequest: Sendable {
  package var service: ServicePath
  package var entitySet: String
  package var filter: PreparedFilter?
  package var parameters: [Parameter] = []
  package var select: String?
  package var expand: String?
  package var orderby: String?
  /// Most rows over all pages; 0: all.
  package var top: UInt64 = 0
  /// Rows a page to ask for; 0: the server's choice.
  package var pageSize: UInt32 = 0
  /// The server is asked how many rows there are.
  package var asksCount = false
  /// Milliseconds a page; 0: the client's.
  package var timeout: Int64 = 0
  package var trace: TraceParent?

  package init(service: ServicePath, entitySet: String) {
    self.service = service
    self.entitySet = entitySet
  }

  /// Makes the first page's path and query, with every literal typed by `$metadata`.
  /// - Throws: `.invalidArgument`, `.notFound`.
  func target(_ metadata: Metadata, withCount: Bool) throws(S4Error) -> String {
    guard metadata.version == .v2 else {
      throw .invalidArgument(
        "service",
        "it speaks OData V4, of which single documents are read and written, and no pages: name its V2 service")
    }
    let type = try metadata.entityType(ofSet: entitySet)
    let query = Query(
      filter: try filter?.render(parameters, type: type, in: metadata),
      select: try Query.select(select, expand: expand, type: type, in: metadata),
      expand: try Query.expand(expand, type: type, in: metadata),
      orderby: try Query.orderby(orderby, type: type, in: metadata), top: top, count: withCount)
    return query.requestTarget(path: service.path(ofEntitySet: entitySet))
  }

  var headers: [String] {
    pageSize > 0 ? ["Prefer: odata.maxpagesize=\(pageSize)"] : []
  }
}

/// Which one document to get.
package struct DocumentRequest: Sendable {
  package var service: ServicePath
  package var entitySet: String
  package var key: PreparedKey
  package var parameters: [Parameter]
  package var select: String?
  package var expand: String?
  /// Milliseconds; 0: the client's.
  package var timeout: Int64
  package var trace: TraceParent?

  package init(
    service: ServicePath, entitySet: String, key: PreparedKey, parameters: [Parameter], select: String?,
    expand: String?, timeout: Int64
  ) {
    self.service = service
    self.entitySet = entitySet
    self.key = key
    self.parameters = parameters
    self.select = select
    self.expand = expand
    self.timeout = timeout
  }

  func target(_ metadata: Metadata) throws(S4Error) -> String {
    let type = try metadata.entityType(ofSet: entitySet)
    let query = Query(
      select: try Query.select(select, expand: expand, type: type, in: metadata),
      expand: try Query.expand(expand, type: type, in: metadata))
    return query.requestTarget(
      path: service.path(ofEntitySet: entitySet, key: try key.render(parameters, type: type)))
  }
}
