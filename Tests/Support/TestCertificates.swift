// SPDX-License-Identifier: Apache-2.0

/// Certificates and keys made for the tests alone: they open nothing.
package enum TestCertificates {
  /// Issued the others; ends 2036-01-01.
  package static let authority = """
    -----BEGIN CERTIFICATE-----
    MIIBRTCB7aADAgECAhRrp9i3SG0n57brPiWVmAKzMBeJMDAKBggqhkjOPQQDAjAZ
    MRcwFQYDVQQDDA5UZXN0IGF1dGhvcml0eTAeFw0yNjAxMDEwMDAwMDBaFw0zNjAx
    MDEwMDAwMDBaMBkxFzAVBgNVBAMMDlRlc3QgYXV0aG9yaXR5MFkwEwYHKoZIzj0C
    AQYIKoZIzj0DAQcDQgAE4KOCQ2fsmsTAVC83zWEhA4ZF/0t+0g2NCXIbPh46PFL4
    UIprKlCLDrxdokrCKZl+OKW/UN65uPqIPcSz5a7J0aMTMBEwDwYDVR0TAQH/BAUw
    AwEB/zAKBggqhkjOPQQDAgNHADBEAiAvuzAOxI+NyEJoqUe26zKWW1AdJHC/oD2S
    pU0UUxdOSAIgDjbWcTRBk1GRo1fut8HNUB2DEIsg85K7MCVQsfpPVec=
    -----END CERTIFICATE-----

    """
  /// CN=nordvik of Nordvik Größe, AG; ends 2027-03-31T12:30:15Z.
  package static let client = """
    -----BEGIN CERTIFICATE-----
    MIIBWzCCAQGgAwIBAgIUHDgtcGc/pMcXpK6Onjiqa9yax20wCgYIKoZIzj0EAwIw
    GTEXMBUGA1UEAwwOVGVzdCBhdXRob3JpdHkwHhcNMjYwMTAxMDAwMDAwWhcNMjcw
    MzMxMTIzMDE1WjAwMRwwGgYDVQQKDBNOb3JkdmlrIEdyw7bDn2UsIEFHMRAwDgYD
    VQQDDAdub3JkdmlrMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEDQ3tXxEvzLzD
    gsljLthFaGnid1aAIZOfyJdFpCeHOABywqEZvDs4HxENXlWoCau2aFzIzWKuhcwd
    0ma3CJZ63aMQMA4wDAYDVR0TAQH/BAIwADAKBggqhkjOPQQDAgNIADBFAiEAont3
    DYYkdcG5qtnYDK+izaWpbtirkcrwev9s8vR3WZYCIGOAFTBzNxZsXlQpqheVo42p
    Tllxpp6Kw6j4aB2hEx4F
    -----END CERTIFICATE-----

    """
  /// The key of `client`.
  package static let key = """
    -----BEGIN PRIVATE KEY-----
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgUsS5ZYs2/RxsSIdq
    WtC8bO1NPs7Me4j5BdO3xbpH4rOhRANCAAQNDe1fES/MvMOCyWMu2EVoaeJ3VoAh
    k5/Il0WkJ4c4AHLCoRm8OzgfEQ1eVagJq7ZoXMjNYq6FzB3SZrcIlnrd
    -----END PRIVATE KEY-----

    """
  /// The same as SEC 1 has it.
  package static let traditionalKey = """
    -----BEGIN EC PRIVATE KEY-----
    MHcCAQEEIFLEuWWLNv0cbEiHalrQvGztTT7OzHuI+QXTt8W6R+KzoAoGCCqGSM49
    AwEHoUQDQgAEDQ3tXxEvzLzDgsljLthFaGnid1aAIZOfyJdFpCeHOABywqEZvDs4
    HxENXlWoCau2aFzIzWKuhcwd0ma3CJZ63Q==
    -----END EC PRIVATE KEY-----

    """
  /// The same behind the passphrase "word".
  package static let encryptedKey = """
    -----BEGIN ENCRYPTED PRIVATE KEY-----
    MIH0MF8GCSqGSIb3DQEFDTBSMDEGCSqGSIb3DQEFDDAkBBCCMYjJCr+ESGM/IsQ2
    1HwCAgIIADAMBggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBKgQQdfwb88E1YGUyCGYj
    WVMFlgSBkLLCAbdcINSpfcLhFqFvGLoVRWzPsLbceOe2phK+Uwf+u/b4h8ZAh+Pq
    8V6eHbI7hmq7toiJwf9upZQBR5YyKv3Kkc3qIKoQExXUoGNaINaMkXEbY0t8AU9o
    SyOOcKRut7oWx9RaeAeho0vZhiHOKorX7ZcdhlyS1Ko+Op/udnH9I+elZIb66DQZ
    46jzLcqAEQ==
    -----END ENCRYPTED PRIVATE KEY-----

    """
  /// The same, encrypted as OpenSSL did before PKCS #8.
  package static let encryptedTraditionalKey = """
    -----BEGIN EC PRIVATE KEY-----
    Proc-Type: 4,ENCRYPTED
    DEK-Info: AES-256-CBC,FBBBEED0FB8164483B09DBD0B174D7DC
    
    VM4dDZRfwm2Jolj7CXWogQz/WuRUCx+8R5TL+re805j3Liv16IYZPHaOYe/BAgN/
    h3+w/UsMCCajqYM9IzczAfJ/4ZkLdS6D+JlaRp9DLb6qeOaXduZ0lT/QYgGwuNT9
    +WeFuNOfxBf/6vx8ZLTCrD5wTsX7yq7/BzGBwdbPzaw=
    -----END EC PRIVATE KEY-----

    """
  /// Nobody's key.
  package static let otherKey = """
    -----BEGIN PRIVATE KEY-----
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgoTjt2vxQfxiaXojX
    0SSQL6FNck/L68G+IGKlG8nMDYyhRANCAATdLreXb8XqMwh+NwFjJP7wDsuXbmcS
    5FfypG/p9cMAlF98zqig9q/VPXM3kvCoQi0wK4QjS9sYW2amVi5ZEUi4
    -----END PRIVATE KEY-----

    """
  /// Of the same key, with line breaks in its subject; ends 2060-01-01.
  package static let controlCharacters = """
    -----BEGIN CERTIFICATE-----
    MIIBPjCB5aADAgECAhRS5t8g+VkP9X4NK7arkDSy2g+M1TAKBggqhkjOPQQDAjAZ
    MRcwFQYDVQQDDA5UZXN0IGF1dGhvcml0eTAgFw0yNjAxMDEwMDAwMDBaGA8yMDYw
    MDEwMTAwMDAwMFowEjEQMA4GA1UEAwwHYQpi4oCoYzBZMBMGByqGSM49AgEGCCqG
    SM49AwEHA0IABA0N7V8RL8y8w4LJYy7YRWhp4ndWgCGTn8iXRaQnhzgAcsKhGbw7
    OB8RDV5VqAmrtmhcyM1iroXMHdJmtwiWet2jEDAOMAwGA1UdEwEB/wQCMAAwCgYI
    KoZIzj0EAwIDSAAwRQIgNjLz/j0xP0TtHn25MXDKx83x0OJF8bh1Pk2iKfjtV/UC
    IQD2TjaI7qLdF4nlJogLOfj9LYQhUwCQKJ3GoJMQYX4MGA==
    -----END CERTIFICATE-----

    """
  /// Of the same key, with a subject of over 1,400 bytes.
  package static let longSubject = """
    -----BEGIN CERTIFICATE-----
    MIIHXTCCBwOgAwIBAgIUbgwQCboEPrd33XldjJD04HyNMjMwCgYIKoZIzj0EAwIw
    GTEXMBUGA1UEAwwOVGVzdCBhdXRob3JpdHkwHhcNMjYwMTAxMDAwMDAwWhcNMjcw
    MTAxMDAwMDAwWjCCBjAxgYEwfwYDVQQLDHjDqcOpw6nDqcOpw6nDqcOpw6nDqcOp
    w6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOp
    w6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOp
    w6kxgYEwfwYDVQQLDHjDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOp
    w6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOp
    w6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6kxgYEwfwYDVQQL
    DHjDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOp
    w6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOp
    w6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6kxgYEwfwYDVQQLDHjDqcOpw6nDqcOp
    w6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOp
    w6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOp
    w6nDqcOpw6nDqcOpw6kxgYEwfwYDVQQLDHjDqcOpw6nDqcOpw6nDqcOpw6nDqcOp
    w6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOp
    w6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOp
    w6kxgYEwfwYDVQQLDHjDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOp
    w6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOp
    w6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6kxgYEwfwYDVQQL
    DHjDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOp
    w6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOp
    w6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6kxgYEwfwYDVQQLDHjDqcOpw6nDqcOp
    w6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOp
    w6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOp
    w6nDqcOpw6nDqcOpw6kxgYEwfwYDVQQLDHjDqcOpw6nDqcOpw6nDqcOpw6nDqcOp
    w6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOp
    w6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOp
    w6kxgYEwfwYDVQQLDHjDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOp
    w6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOp
    w6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6kxgYEwfwYDVQQL
    DHjDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOp
    w6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOp
    w6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6kxgYEwfwYDVQQLDHjDqcOpw6nDqcOp
    w6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOp
    w6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOp
    w6nDqcOpw6nDqcOpw6kwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQNDe1fES/M
    vMOCyWMu2EVoaeJ3VoAhk5/Il0WkJ4c4AHLCoRm8OzgfEQ1eVagJq7ZoXMjNYq6F
    zB3SZrcIlnrdoxAwDjAMBgNVHRMBAf8EAjAAMAoGCCqGSM49BAMCA0gAMEUCIQC5
    zENrtVnnSCnSd/b3O8V9fMZ5WwI2BJ5SJtvMGhPbmwIge8lzCsp0cXEh1wN4OanT
    87zfyzozh35th9WWcNTiCgI=
    -----END CERTIFICATE-----

    """
  /// CN=rsa; ends 2027-03-31.
  package static let rsa = """
    -----BEGIN CERTIFICATE-----
    MIICBTCCAaqgAwIBAgIUCa/uqp/OYmI6x2YhwSL7GNt6oYswCgYIKoZIzj0EAwIw
    GTEXMBUGA1UEAwwOVGVzdCBhdXRob3JpdHkwHhcNMjYwMTAxMDAwMDAwWhcNMjcw
    MzMxMDAwMDAwWjAOMQwwCgYDVQQDDANyc2EwggEiMA0GCSqGSIb3DQEBAQUAA4IB
    DwAwggEKAoIBAQCWDPnxVXGhrQ9vX4vCVVh4xqsf9AGmyzJ/ruGzIznd/Gabfnn6
    J4nhnzNlssOkuL+GYwHMn5M5CQhmBpiWLGB34wygbvWF8kgRngp+1i9hHlag0UHy
    NBmOAOTq4iCGquEYlx7TrPJ2qWlLOjdkTOw3I0D0EwiY9Te0oYlTabKfNyqLwRRx
    bBQAL0XPuf7mlqdFPg6Y+fAuqgRuY1+cy8XtrHP6YFuYvHZNfguBPoQ2oH/i7RHc
    pIUxeav5pRs9x6o2Juqd5LJevt6tE98OdkzdsMaO5hzDCNHk4VH0zWvHEIH3Fayb
    mmYnlh3FCUdEPvdjanl1fJrXSdg3K3TjEudTAgMBAAGjEDAOMAwGA1UdEwEB/wQC
    MAAwCgYIKoZIzj0EAwIDSQAwRgIhAPuXF8PhMDiNURtUox2b4PsSgbmzZAqbsb+1
    INHhTjR8AiEAxfZof2+CnZF3fZqn2ejHpxcUXYznfMia5tgCScxsFS4=
    -----END CERTIFICATE-----

    """
  /// The key of `rsa`.
  package static let rsaKey = """
    -----BEGIN RSA PRIVATE KEY-----
    MIIEowIBAAKCAQEAlgz58VVxoa0Pb1+LwlVYeMarH/QBpssyf67hsyM53fxmm355
    +ieJ4Z8zZbLDpLi/hmMBzJ+TOQkIZgaYlixgd+MMoG71hfJIEZ4KftYvYR5WoNFB
    8jQZjgDk6uIghqrhGJce06zydqlpSzo3ZEzsNyNA9BMImPU3tKGJU2mynzcqi8EU
    cWwUAC9Fz7n+5panRT4OmPnwLqoEbmNfnMvF7axz+mBbmLx2TX4LgT6ENqB/4u0R
    3KSFMXmr+aUbPceqNibqneSyXr7erRPfDnZM3bDGjuYcwwjR5OFR9M1rxxCB9xWs
    m5pmJ5YdxQlHRD73Y2p5dXya10nYNyt04xLnUwIDAQABAoIBADHt9HeNLogVbabq
    PLe4LX3W4dd6mtgVEmMxXrH8vUM0OzJvpggLAxL8Jh6nmvljbnu50z3zNYqLimtk
    s355GsqZ1zhFY9aj9b5DAAwPmmlvLnVJ3G9LTduWSZYtE5SsJMXJd30JNg8tNTfO
    keMCw7FfPjxZXwmCw3wMKoWCjOj0cDMVPZDyTU/JlJ66FZ9JeSrDxJLyyM3IhRbQ
    EMJ5KNj1WNVbymqCYpKe1M3O6y8ZILsKJxNk8hr8O/v5EDl8yOk4ovraCEp8XyCj
    lq3+WcO645UUFjTnRPLDkCm7q2TIQg8K+rLZBswb7FwweCJikGZgyif81cz1RbKa
    J1HYaWUCgYEA0RYnNnRob95nHa1rG2WWl84QdYyxf6QxdvD54Lsnxak2wuXoOu2/
    EEzVci1K2p5X0yKFN4kOJWqNsh5ygVeeF5qgA8+BRs+aAvBJvX0I27Mp4/IOzwSl
    GQ0vEpT3u2aaP2P29mfojz3WRVdiOGzblI6/mAQtfGqJ0PrJ0/zIl/UCgYEAt7fT
    6MY8P/SZcrPyWG05gZKN7j3n3XePsqJh7E6KBknGdwQcAH/T29bi3eNuG2exMhsG
    4XyfAJpuu2tk45ov3DMi+eZjhi1kB+fXEdk2LWO8Sdo2AWAPeO9DKVetkzYtDpis
    DyUlttogwfzdkIlTroNlR3s3iZrjxBz/qTL5HScCgYEAwkOd/Vdc7YurLQTCfjr+
    F1+LJVyqUljg6Izu7eGWC220BpOMGKxqmB97NdFlOghiuzXYpoe9z//XVUY6x3f7
    2Bx/TesPRxZ+Fvrg2KECiPZHFpYBMlEzgDoioVYtcj3bVMhxXfGfPu+KVPTiumBS
    CA41b216QZ3PHI7W1RKJ4b0CgYBj/5NAqGYzCZhcbsYCi7E5beQDQX7rdSCqQui6
    DyXhtlZogbwcKXfPuW9TB2/vSsmQVFWydnq1gVm0egg4OrzCRrNLArQ5XIuOIgtW
    k7yBiD/8kuHCbd7+HH2aCzdXYa20vDUrKTUWCjS6YkDXY2hBHRQLjG32YHCJVp9y
    IWSnEQKBgC0kg/mBYaMhXz1GlAr99+XAASw+gzkcng1/NBK9mUTNOgcbbfYAEEU2
    JduyH2oXLBS8IVrIEYRadFv7oZDw/wxc222h4Y0oIRXAfJVzjUWumnAoY+76crPV
    iHSWzOZa9xnC+bj/H6bny3nc8eb7R5E42OsPTk/M5ec4RYNORWgW
    -----END RSA PRIVATE KEY-----

    """
}
