// SPDX-License-Identifier: Apache-2.0

import Basics
import HTTP
import OData

extension Exchange {
  /// Checks that an answer is JSON of the API, and turns every other into the error that it is.
  func checkJSON(_ answer: Answer, target: String) throws(S4Error) {
    let response = answer.response
    guard response.isSuccess else { throw error(answer, target: target) }
    if var error = AnswerError.unexpectedContent(
      contentType: response.contentType, body: response.body.bytes, target: target)
    {
      error.httpStatus = Int32(clamping: response.status)
      error.requestID = answer.requestID
      throw error
    }
  }

  /// What an answer that is no success means.
  func error(_ answer: Answer, target: String) -> S4Error {
    let response = answer.response
    if response.status == 401, answer.credential.settings.isSentToAPI {
      var error = credentialRejected(answer.credential)
      error.requestID = answer.requestID
      return error
    }
    var error = AnswerError.from(
      status: response.status, contentType: response.contentType, body: response.body.bytes, target: target)
    if response.status == 403, response.demandsToken {
      error.code = .serviceError
      error.message =
        "\(target) wants a CSRF token (403), and "
        + (answer.hadSession
          ? "takes none of those that its service gives: look at the service's log"
          : "the request carried none: name the service that it belongs to")
    }
    if 300...399 ~= response.status, let foreign = foreignHost(response.header("location") ?? "", answer) {
      error.code = .originRefused
      error.message =
        "\(target) redirects to \(foreign): it was not followed, and no credential was sent there; check the host"
    }
    error.retryAfter = response.retryAfter
    error.requestID = answer.requestID
    return error
  }

  /// The host of an absolute Location that is not the API's own origin.
  private func foreignHost(_ location: String, _ answer: Answer) -> String? {
    guard location.hasPrefix("//") || location.lowercased().hasPrefix("http") else { return nil }
    let url = location.hasPrefix("//") ? "https:" + location : location
    do throws(Origin.Fault) {
      let (origin, _) = try Origin.split(url: url)
      return origin == answer.credential.settings.origin ? nil : origin.host
    } catch {
      return "another scheme or a host that is none"
    }
  }
}
