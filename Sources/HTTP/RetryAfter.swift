// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif
import CCurl

/// The header `Retry-After`, in both of its forms. Source: RFC 9110 section 10.2.3.
enum RetryAfter {
  /// What is longer is nonsense, and a sum with it could not be waited for.
  private static let longest: Int64 = 10 * 365 * 86_400

  /// - Parameter now: seconds since 1970.
  /// - Returns: seconds to wait, 0 for a moment that has passed; nil for what is neither a number nor a date.
  static func seconds(_ text: String, now: Int64 = Int64(time(nil))) -> Int64? {
    let digits = text.utf8
    guard !digits.isEmpty, digits.count <= 64 else { return nil }
    if digits.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) {
      return min(Int64(text) ?? longest, longest)
    }
    // A date has a name of a day or a month; curl_getdate takes more than HTTP does, numbers for example.
    guard digits.contains(where: { UInt8(ascii: "A")...UInt8(ascii: "z") ~= $0 }) else { return nil }
    let moment = Int64(curl_getdate(text, nil))
    guard moment >= 0 else { return nil }
    return min(max(moment &- now, 0), longest)
  }
}
