// SPDX-License-Identifier: Apache-2.0

import Basics

/// What an HTTP status outside 200..299 means for the caller.
struct StatusMeaning {
  let code: S4Error.Code
  let isRetryable: Bool
  /// What to do, to be put behind the message.
  let advice: String

  init(status: Int, hasSAPError: Bool, isWebPage: Bool) {
    switch status {
    case 401:
      self.init(.unauthorised, advice: "; the tenant does not accept this credential for the API: check the connection")
    case 403:
      self.init(
        .unauthorised,
        advice: "; look at the communication arrangement: the service must be in it, and its user open to it")
    case 429: self.init(.throttled, isRetryable: true, advice: "; ask again later, and less at a time")
    case 408, 502, 503, 504: self.init(.unreachable, isRetryable: true, advice: "; try again later")
    case 500 where !hasSAPError: self.init(.unreachable, isRetryable: true, advice: "; try again later")
    case 501...599 where !hasSAPError: self.init(.unreachable, advice: "; try again later")
    case 300...399:
      self.init(.notOData, advice: "; redirects are not followed: " + WebPage.advice)
    // A page of a wrong host says nothing about the document: 404 must not pass for "there is no such document".
    case _ where isWebPage: self.init(.notOData, advice: "; " + WebPage.advice)
    case 404: self.init(.notFound, advice: "")
    case 412:
      self.init(
        .preconditionFailed, advice: "; it was changed since its ETag was read: read it again, and decide anew")
    case 428: self.init(.preconditionRequired, advice: "; it is changed with its ETag alone: read it, and give etag")
    default: self.init(.serviceError, advice: "")
    }
  }

  private init(_ code: S4Error.Code, isRetryable: Bool = false, advice: String) {
    self.code = code
    self.isRetryable = isRetryable
    self.advice = advice
  }
}
