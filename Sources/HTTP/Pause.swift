// SPDX-License-Identifier: Apache-2.0

import Basics

/// A time that an operation lets pass: before it tries again, or for its turn at a token endpoint.
struct Pause: Sendable {
  typealias Completion = @Sendable (Result<Void, S4Error>) -> Void

  let id: UInt64
  let moment: Deadline
  let completion: Completion
}
