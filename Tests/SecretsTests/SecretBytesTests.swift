// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Secrets

@Suite struct SecretBytesTests {
  @Test func secretsAreEqualByTheirBytes() {
    #expect(SecretBytes(copying: [1, 2, 3]) == SecretBytes(copying: [1, 2, 3]))
  }
}
