// SPDX-License-Identifier: Apache-2.0

/// The system query options of a read, plain: each is percent-encoded once, in `requestTarget`.
/// Source: OData V2 URI Conventions, section 4.
package struct Query: Equatable, Sendable {
  /// As `PreparedFilter.render` gives it.
  package var filter: String?
  /// As `Query.select` gives it.
  package var select: String?
  /// As `Query.expand` gives it.
  package var expand: String?
  /// As `Query.orderby` gives it.
  package var orderby: String?
  /// Most rows over all pages; 0: all.
  package var top: UInt64
  /// The number of rows is asked for with the page (`$inlinecount=allpages`).
  package var count: Bool

  package init(
    filter: String? = nil, select: String? = nil, expand: String? = nil, orderby: String? = nil, top: UInt64 = 0,
    count: Bool = false
  ) {
    self.filter = filter
    self.select = select
    self.expand = expand
    self.orderby = orderby
    self.top = top
    self.count = count
  }

  /// Writes path and query as a request line needs them. There is no `$format`: the Accept header asks for JSON.
  /// - Parameter path: already percent-encoded, from `ServicePath.path(ofEntitySet:key:)`.
  package func requestTarget(path: String) -> String {
    var options: [String] = []
    if let filter { options.append("$filter=" + PercentEncoding.encode(filter, for: .queryValue)) }
    if let select { options.append("$select=" + PercentEncoding.encode(select, for: .queryValue)) }
    if let expand { options.append("$expand=" + PercentEncoding.encode(expand, for: .queryValue)) }
    if let orderby { options.append("$orderby=" + PercentEncoding.encode(orderby, for: .queryValue)) }
    if top > 0 { options.append("$top=" + String(top)) }
    if count { options.append("$inlinecount=allpages") }
    return options.isEmpty ? path : path + "?" + options.joined(separator: "&")
  }
}
