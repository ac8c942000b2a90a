// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif
import Basics
import CAskelS4

/// What stands behind `askel_s4_error`: an error with its texts ready to be lent out.
final class ErrorObject {
  let error: S4Error
  let message: UnsafeMutablePointer<CChar>?
  let sapCode: UnsafeMutablePointer<CChar>?
  let target: UnsafeMutablePointer<CChar>?
  let details: UnsafeMutablePointer<CChar>?
  let requestID: UnsafeMutablePointer<CChar>?

  init(_ error: S4Error) {
    self.error = error
    message = strdup(Self.line(error.message))
    sapCode = strdup(error.sapCode)
    target = strdup(error.target)
    details = strdup(Self.json(error.details))
    requestID = strdup(error.requestID)
  }

  deinit {
    for text in [message, sapCode, target, details, requestID] { free(text) }
  }

  /// Messages promise to be one line, whatever SAP's text holds.
  private static func line(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else { return text }
    return String(
      String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }))
  }

  private static func json(_ details: [S4Error.Detail]) -> String {
    var writer = JSONWriter()
    writer.array { list in
      for detail in details {
        list.object { entry in
          entry.member("code", detail.code)
          entry.member("message", detail.message)
          entry.member("severity", detail.severity)
          entry.member("target", detail.target)
        }
      }
    }
    return writer.text
  }
}

private func text(
  _ error: OpaquePointer?, orElse other: StaticString = "",
  _ lend: (ErrorObject) -> UnsafeMutablePointer<CChar>?
) -> UnsafePointer<CChar>? {
  guard let text = Handle.peek(error, as: ErrorObject.self).flatMap(lend) else { return borrowed(other) }
  return UnsafePointer(text)
}

@_cdecl("askel_s4_error_code") @implementation
public func askel_s4_error_code(_ error: OpaquePointer?) -> askel_s4_status {
  Handle.peek(error, as: ErrorObject.self)?.error.code.rawValue ?? S4Error.Code.invalidArgument.rawValue
}

@_cdecl("askel_s4_error_message") @implementation
public func askel_s4_error_message(_ error: OpaquePointer?) -> UnsafePointer<CChar>? {
  text(error, orElse: "error: is NULL") { $0.message }
}

@_cdecl("askel_s4_error_outcome") @implementation
public func askel_s4_error_outcome(_ error: OpaquePointer?) -> Int32 {
  (Handle.peek(error, as: ErrorObject.self)?.error.outcome ?? .notSent).rawValue
}

@_cdecl("askel_s4_error_retryable") @implementation
public func askel_s4_error_retryable(_ error: OpaquePointer?) -> Int32 {
  Handle.peek(error, as: ErrorObject.self)?.error.isRetryable ?? false ? 1 : 0
}

@_cdecl("askel_s4_error_http_status") @implementation
public func askel_s4_error_http_status(_ error: OpaquePointer?) -> Int32 {
  Handle.peek(error, as: ErrorObject.self)?.error.httpStatus ?? 0
}

@_cdecl("askel_s4_error_sap_code") @implementation
public func askel_s4_error_sap_code(_ error: OpaquePointer?) -> UnsafePointer<CChar>? {
  text(error) { $0.sapCode }
}

@_cdecl("askel_s4_error_target") @implementation
public func askel_s4_error_target(_ error: OpaquePointer?) -> UnsafePointer<CChar>? {
  text(error) { $0.target }
}

@_cdecl("askel_s4_error_details") @implementation
public func askel_s4_error_details(_ error: OpaquePointer?) -> UnsafePointer<CChar>? {
  text(error, orElse: "[]") { $0.details }
}

@_cdecl("askel_s4_error_retry_after_s") @implementation
public func askel_s4_error_retry_after_s(_ error: OpaquePointer?) -> Int64 {
  Handle.peek(error, as: ErrorObject.self)?.error.retryAfter ?? -1
}

@_cdecl("askel_s4_error_request_id") @implementation
public func askel_s4_error_request_id(_ error: OpaquePointer?) -> UnsafePointer<CChar>? {
  text(error) { $0.requestID }
}

@_cdecl("askel_s4_error_free") @implementation
public func askel_s4_error_free(_ error: OpaquePointer?) {
  Handle.release(error, as: ErrorObject.self, nil)
}

@_cdecl("askel_s4_string_free") @implementation
public func askel_s4_string_free(_ text: UnsafeMutablePointer<CChar>?) {
  free(text)
}
