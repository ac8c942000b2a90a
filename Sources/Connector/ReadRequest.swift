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

  package init(service: ServicePath, entitySet: String) {
    self.service = service
    self.entitySet = entitySet
  }

  /// Makes the first page's path and query, with every literal typed by `$metadata`.
  func target(_ type: EntityType, withCount: Bool) throws(S4Error) -> String {
    var query = try Query(select: select, expand: expand, orderby: orderby, type: type)
    query.filter = try filter?.render(parameters, type: type)
    query.top = top
    query.count = withCount
    return query.requestTarget(path: service.path + "/" + entitySet)
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

  func target(_ type: EntityType) throws(S4Error) -> String {
    let query = try Query(select: select, expand: expand, orderby: nil, type: type)
    return query.requestTarget(path: service.path + "/" + entitySet + (try key.render(parameters, type: type)))
  }
}
