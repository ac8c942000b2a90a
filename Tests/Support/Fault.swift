// SPDX-License-Identifier: Apache-2.0

import Basics

/// The error of a body; nil where it succeeds.
package func fault(_ body: () throws -> Void) -> S4Error? {
  do {
    try body()
    return nil
  } catch {
    return error as? S4Error
  }
}
