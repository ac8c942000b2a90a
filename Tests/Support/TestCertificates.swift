// SPDX-License-Identifier: Apache-2.0

/// Certificates and keys made for the tests alone: they open nothing.
package enum TestCertificates {
  /// Issued the others; ends 2060-01-01.
  package static let authority = """
    -----BEGIN CERTIFICATE-----
    MIIBSDCB76ADAgECAhQQUgZApvUTJ4WUZ/oT7vkWznQrAjAKBggqhkjOPQQDAjAZ
    MRcwFQYDVQQDDA5UZXN0IGF1dGhvcml0eTAgFw0yNjAxMDEwMDAwMDBaGA8yMDYw
    MDEwMTAwMDAwMFowGTEXMBUGA1UEAwwOVGVzdCBhdXRob3JpdHkwWTATBgcqhkjO
    PQIBBggqhkjOPQMBBwNCAATthG6c7prQOlGKlPvQyAiAzsGdjVBOgrCZcq8hzP6Z
    UFkWCh1vG8sJQ88hU/V5DHtGRQKCIezW3oG/A6q2LpIvoxMwETAPBgNVHRMBAf8E
    BTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIQDBOReJntQpvjGkGgvPNXq1P3/RniKB
    tVTte8XsEzVW/gIgHRo11x7YTditfupPT8iLAKIEm4lPRx3H7curvZbS0H4=
    -----END CERTIFICATE-----

    """
  /// CN=nordvik of Nordvik Größe, AG; ends 2027-03-31T12:30:15Z.
  package static let client = """
    -----BEGIN CERTIFICATE-----
    MIIBWzCCAQGgAwIBAgIUH7kGS5wlPyN4+rE67y6EbJ4pxEUwCgYIKoZIzj0EAwIw
    GTEXMBUGA1UEAwwOVGVzdCBhdXRob3JpdHkwHhcNMjYwMTAxMDAwMDAwWhcNMjcw
    MzMxMTIzMDE1WjAwMRwwGgYDVQQKDBNOb3JkdmlrIEdyw7bDn2UsIEFHMRAwDgYD
    VQQDDAdub3JkdmlrMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAENQKyPrruc2eX
    o2kmgiKkhS2aiFvKZWWOc93V5TMHRA2Jlcl1c1/YvesxNaCh2wtH5VPBhYrBhvwg
    CSLhunAvbaMQMA4wDAYDVR0TAQH/BAIwADAKBggqhkjOPQQDAgNIADBFAiEA0wUC
    ALxzMiKNKtD4tlwNG9eOQHtLeu3bzWZZGK1t73kCIGDpneKz8cUrFELRrdSVHgI4
    xR/Ohw5ROfC0rh6X9TWs
    -----END CERTIFICATE-----

    """
  /// The key of `client`.
  package static let key = """
    -----BEGIN PRIVATE KEY-----
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgi7CQXbF/X/kgLZks
    M/+VxjyJE7BTOLzIlJ3HUDo6cJihRANCAAQ1ArI+uu5zZ5ejaSaCIqSFLZqIW8pl
    ZY5z3dXlMwdEDYmVyXVzX9i96zE1oKHbC0flU8GFisGG/CAJIuG6cC9t
    -----END PRIVATE KEY-----

    """
  /// The same as SEC 1 has it.
  package static let traditionalKey = """
    -----BEGIN EC PRIVATE KEY-----
    MHcCAQEEIIuwkF2xf1/5IC2ZLDP/lcY8iROwUzi8yJSdx1A6OnCYoAoGCCqGSM49
    AwEHoUQDQgAENQKyPrruc2eXo2kmgiKkhS2aiFvKZWWOc93V5TMHRA2Jlcl1c1/Y
    vesxNaCh2wtH5VPBhYrBhvwgCSLhunAvbQ==
    -----END EC PRIVATE KEY-----

    """
  /// The same behind the passphrase "word".
  package static let encryptedKey = """
    -----BEGIN ENCRYPTED PRIVATE KEY-----
    MIH0MF8GCSqGSIb3DQEFDTBSMDEGCSqGSIb3DQEFDDAkBBBmFA7Oe0KxZb5DXFWh
    WHe/AgIIADAMBggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBKgQQIig75b/Lo6PTjtrM
    3zfVcgSBkIMShK6e+EmJS22Tuo6XJ4JJoRst2nmmBgOYmviTZO2LDpfWqEmlo+2w
    XakMKEG4d0K+H0XrJUBNLgBmys2qPGkApIfUHzCS9WG8OOXmWPXy4StuThiH5JJJ
    AXtcWb0v4OpRK+b1kvu8j+USeJGFfUnDufXrJt+jyVaPbIUdN4QFS4n5n7A79qJn
    8yLIKMpm0g==
    -----END ENCRYPTED PRIVATE KEY-----

    """
  /// The same, encrypted as OpenSSL did before PKCS #8.
  package static let encryptedTraditionalKey = """
    -----BEGIN EC PRIVATE KEY-----
    Proc-Type: 4,ENCRYPTED
    DEK-Info: AES-256-CBC,EE822F5A28513DE41B2659D4C2CC9AAD

    yP/8Irh10MJ1/jzoCTErir8GVBCHnkw0zdKW7dCWWOe6L/sP55TjnXAGIxOl8hgu
    0MQ6wFq6PUBqRos2GzuKaiyR4i+ykbLdl01JwLwixYwAIVEdoN1vXD6+chsec8J0
    QYPLEXyUbZ8Ee9fzsZViSFc7sgYYLYOAzobKPqLB+yc=
    -----END EC PRIVATE KEY-----

    """
  /// Nobody's key.
  package static let otherKey = """
    -----BEGIN PRIVATE KEY-----
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgDis2eUKqMNtr/9Vu
    7BU0TTGY37JrQ2HghFXAv1yehk6hRANCAATwyg8kBoYKDSeQTVFCP54F9RAfC59s
    E1+isxvvq88NkBmBomuAEVUhC6HRv7Co2PKqw4iGLbPy4YAFQ7smInzp
    -----END PRIVATE KEY-----

    """
  /// Of the same key, with line breaks in its subject; ends 2060-01-01.
  package static let controlCharacters = """
    -----BEGIN CERTIFICATE-----
    MIIBPTCB5aADAgECAhQsh58eRmKL1geeoMqMBlUdr2pVpzAKBggqhkjOPQQDAjAZ
    MRcwFQYDVQQDDA5UZXN0IGF1dGhvcml0eTAgFw0yNjAxMDEwMDAwMDBaGA8yMDYw
    MDEwMTAwMDAwMFowEjEQMA4GA1UEAwwHYQpi4oCoYzBZMBMGByqGSM49AgEGCCqG
    SM49AwEHA0IABDUCsj667nNnl6NpJoIipIUtmohbymVljnPd1eUzB0QNiZXJdXNf
    2L3rMTWgodsLR+VTwYWKwYb8IAki4bpwL22jEDAOMAwGA1UdEwEB/wQCMAAwCgYI
    KoZIzj0EAwIDRwAwRAIgWa9E60qa7HQV1qBUCzHJuBTTeCzU2itu/qO2UfujENoC
    IGi3iyC7zYSSQUL7Zlm4m0EsQwJ7bWExLI5Y2P+rr4aa
    -----END CERTIFICATE-----

    """
  /// Of the same key, with a subject of over 1,400 bytes.
  package static let longSubject = """
    -----BEGIN CERTIFICATE-----
    MIIHXTCCBwOgAwIBAgIUFpSgQe5g4gN824Je6idP6D2fX/YwCgYIKoZIzj0EAwIw
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
    w6nDqcOpw6nDqcOpw6kwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQ1ArI+uu5z
    Z5ejaSaCIqSFLZqIW8plZY5z3dXlMwdEDYmVyXVzX9i96zE1oKHbC0flU8GFisGG
    /CAJIuG6cC9toxAwDjAMBgNVHRMBAf8EAjAAMAoGCCqGSM49BAMCA0gAMEUCIGKy
    MgSu8mzJ4XQmwRV3hAggpmE+UkmGVxc8jT1e52/AAiEA3FOarkoo9HMjkJGbU0Fr
    1VtyDAIp3sGr3zeKSDL4DYo=
    -----END CERTIFICATE-----

    """
  /// CN=rsa; ends 2027-03-31.
  package static let rsa = """
    -----BEGIN CERTIFICATE-----
    MIICBTCCAaqgAwIBAgIUWNubhslSGsSFirN/ue8zNWwTshQwCgYIKoZIzj0EAwIw
    GTEXMBUGA1UEAwwOVGVzdCBhdXRob3JpdHkwHhcNMjYwMTAxMDAwMDAwWhcNMjcw
    MzMxMDAwMDAwWjAOMQwwCgYDVQQDDANyc2EwggEiMA0GCSqGSIb3DQEBAQUAA4IB
    DwAwggEKAoIBAQDJosxvyYb527sUMPlGrjzS+zGm74nY6SdgLl7WCiyJgQK3ujP4
    iAhQ+x8ZoQjeZPStue+1LIf/bd9uMDr9gqLM8n0ByQx2IAaHSfrE8uxX5aB1MT7y
    SiaSyFuyjyztlJYhiqifS7qewRky8jj+KvEqQJXf20XZbNEcAAn+GnpaljDO9Rsy
    txCrDWAYEuQZ6Oo7ClFcvdVEdGsdxwliREAngagvruYever5JMyOfA5ZGrLfK9s9
    EtQRdhAVapXF5OI8VAQnMX9gN1Akbebowawt0EPHHvPUMqRF/27wdXNTEb0bHHvc
    UZesi6D+B0LLgmX8gODAmyw+LHSZEaahSWoTAgMBAAGjEDAOMAwGA1UdEwEB/wQC
    MAAwCgYIKoZIzj0EAwIDSQAwRgIhAIdAW5ScGpGYZHibVpHIIere+bXg7iQUCs2H
    wtMHZ92cAiEA7dj0IBdS5YfKuqpYAg0/4wDkEYuAkmf40Vnn7pdRLog=
    -----END CERTIFICATE-----

    """
  /// The key of `rsa`.
  package static let rsaKey = """
    -----BEGIN RSA PRIVATE KEY-----
    MIIEowIBAAKCAQEAyaLMb8mG+du7FDD5Rq480vsxpu+J2OknYC5e1gosiYECt7oz
    +IgIUPsfGaEI3mT0rbnvtSyH/23fbjA6/YKizPJ9AckMdiAGh0n6xPLsV+WgdTE+
    8komkshbso8s7ZSWIYqon0u6nsEZMvI4/irxKkCV39tF2WzRHAAJ/hp6WpYwzvUb
    MrcQqw1gGBLkGejqOwpRXL3VRHRrHccJYkRAJ4GoL67mHr3q+STMjnwOWRqy3yvb
    PRLUEXYQFWqVxeTiPFQEJzF/YDdQJG3m6MGsLdBDxx7z1DKkRf9u8HVzUxG9Gxx7
    3FGXrIug/gdCy4Jl/IDgwJssPix0mRGmoUlqEwIDAQABAoIBAAXsDaQU361+pM0l
    g79t26R4sznLcZmDfjVmzJXtwObITrugW5QSRBLuJTjb+sY0DImpBd96L4Oy3EFA
    vQ14D5mvCjk0s0nUNqI0696/9xgSdaGA25qYee84CkAW0MN+PeCTUXuIPl1uSh6t
    xZBq03V3EHp9gVzZmNSr3Z9Ec3vYkwuxt9ajXc61wuxLsmcBb95kPHb3IiVKMf/O
    7jKy2f+fx9EnS9ZrWZTKevouYTaFcbz3KJN3PrtGUoc5JaqJEs8V49dp5S0/5PkF
    Actng9c+UFnHmvMguzz2kZA45VJ47bDgfc1MTHqW2mFBPu5ko1fABXqxamgh0BDo
    Lk2KPtUCgYEA8mcqw/ttLSEvkDC26xjRg1EnouEwYhhgQg1H4CprvDauN1wWgf4Q
    h8GsptMOEV7eOKly3vv+Wf6K1A/FUcX27nnthQ89sQxuQjEjJ23U+M4puXoc0YaI
    Y6D5k1jYGUXSRGnf8sL89SaSyogkfy0RRbWLrp8jm3NvtP+gEIkyoHcCgYEA1PI6
    m/kg/78I13R0awYIojtJ7gHHgtqjZ9yGm6saxEsHQGEoOu+ZGu9279ikT1xvSusw
    z7/q+ivITeHSz2b4s5ECYWT+WFxJrcgdTzJmNOE8rtzrKUbnAZ8squuhfbDTMF30
    g+VK6Use0BtGYKCa4N+5g/Z6aWsEAmE4DwbhpkUCgYEAxwY/zbP0+vXhaIEm3rZ8
    51XNtmUwZYpgFjtzRTFvTZSTzC5W6JpiliRFjp+BUG/VAy7VexHpz5g4Ak+EklR5
    H2qKwxI1c9Wh/cT8eRYro7EZ/wis+rd76lk0MW/j1jRGpRdM4bSJHvtx0MqhNK4b
    HWIm8tQE11Cbaj/r+0e6gpcCgYBZAOV+S6J/QllvtDz0fpEdPaqo0BWTm86wmnuo
    lNubL8DYJ8Oo3nwfxfbwSJxkjz31ElhUfOK5rZMK+lgiV+ebJgDYtF2akPg6qmmV
    sHsHnxy9+ZhQqFHlW6JPziyxXDbpAFwyxKOK3tsCIGRJ/ta9JsVjYqHHbfM/C2Ni
    5H1sAQKBgAdVPLsxF5Xla+LmGjxM19/qwHYV2NWGHxPXm1/D6rXoGD19ezCSCDy/
    VWzpe9Nzi0925XdTfEqkg9zzjIoQVb8bInBYyxKjZ6I/Ntx3zqNM5OHZc/VTqMZ9
    m77jfZKZ2xfSWkkm/pbbcSX2GoFSVbjpesn5m45k0HCrHWXcBmTr
    -----END RSA PRIVATE KEY-----

    """
  /// Of a server at 127.0.0.1; ends 2060-01-01.
  package static let server = """
    -----BEGIN CERTIFICATE-----
    MIIBRDCB6qADAgECAhQKnyYfJwePFg8lG2R02cMML04aHDAKBggqhkjOPQQDAjAZ
    MRcwFQYDVQQDDA5UZXN0IGF1dGhvcml0eTAgFw0yNjAxMDEwMDAwMDBaGA8yMDYw
    MDEwMTAwMDAwMFowFDESMBAGA1UEAwwJMTI3LjAuMC4xMFkwEwYHKoZIzj0CAQYI
    KoZIzj0DAQcDQgAESP5ZvfV7fciSIakhTLTn54X/THymzVC1s3b7MKuJWIthUVis
    VpsUvHR9CVW2C7xZKtVRJukEQb64Gfd+gQSNMaMTMBEwDwYDVR0RBAgwBocEfwAA
    ATAKBggqhkjOPQQDAgNJADBGAiEAqASugJSECM0t2UQIYGNu+zCj42uihg+hBXvn
    eM9360MCIQDp9RNEgynANb0UAwqFadXPKtrVUB6WzcjZ8vfi0qJ6Sg==
    -----END CERTIFICATE-----

    """
  /// The key of `server`.
  package static let serverKey = """
    -----BEGIN PRIVATE KEY-----
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgODMsoOmPm1bojECm
    xDr5y29WOJcoodZI09mk6K+t3U2hRANCAARI/lm99Xt9yJIhqSFMtOfnhf9MfKbN
    ULWzdvswq4lYi2FRWKxWmxS8dH0JVbYLvFkq1VEm6QRBvrgZ936BBI0x
    -----END PRIVATE KEY-----

    """
  /// CN=other, of `otherKey`; ends 2060-01-01.
  package static let other = """
    -----BEGIN CERTIFICATE-----
    MIIBPDCB46ADAgECAhQQJrcflf6/Ki16l/QNWcEVueX+GTAKBggqhkjOPQQDAjAZ
    MRcwFQYDVQQDDA5UZXN0IGF1dGhvcml0eTAgFw0yNjAxMDEwMDAwMDBaGA8yMDYw
    MDEwMTAwMDAwMFowEDEOMAwGA1UEAwwFb3RoZXIwWTATBgcqhkjOPQIBBggqhkjO
    PQMBBwNCAATwyg8kBoYKDSeQTVFCP54F9RAfC59sE1+isxvvq88NkBmBomuAEVUh
    C6HRv7Co2PKqw4iGLbPy4YAFQ7smInzpoxAwDjAMBgNVHRMBAf8EAjAAMAoGCCqG
    SM49BAMCA0gAMEUCICqSHfVRw5rHijFboKTbKHS805Mijfwk0e3XARtBwZdeAiEA
    r3jNJ2ovHLhk4675ug2bEGGWoodurGZ/RL7iEwZGbxM=
    -----END CERTIFICATE-----

    """
  /// CN=edwards, of an Ed25519 key; ends 2058 or later.
  package static let edwards = """
    -----BEGIN CERTIFICATE-----
    MIIBOjCB7aADAgECAhQsqTYJ/ISsaA1KKrifmaimISFnfzAFBgMrZXAwEjEQMA4G
    A1UEAwwHZWR3YXJkczAgFw0yNjExMjMyMTIzMTFaGA8yMDU5MTAwMTIxMjMxMVow
    EjEQMA4GA1UEAwwHZWR3YXJkczAqMAUGAytlcAMhABuPhPwXrLsRGytwlKtczkTR
    fqp10DUUjDZUV2U6x0uko1MwUTAdBgNVHQ4EFgQU8RTEAmnumso40TxFhHMUSkUb
    iWQwHwYDVR0jBBgwFoAU8RTEAmnumso40TxFhHMUSkUbiWQwDwYDVR0TAQH/BAUw
    AwEB/zAFBgMrZXADQQDQwZIqIyCcybeFHogFHfZ4XmHcYVZovviIZskfHT0XIw+a
    wtclFrhx0Ptov0O/MeP2v0zXZ73g7r1jl3KVNnMP
    -----END CERTIFICATE-----

    """
  /// The key of `edwards`.
  package static let edwardsKey = """
    -----BEGIN PRIVATE KEY-----
    MC4CAQAwBQYDK2VwBCIEILeimLWOc51mve3JKb6hKA1EhBg89mIDlLoowyrKxkmH
    -----END PRIVATE KEY-----

    """
  /// CN=weak, of an RSA key of 1024 bits, which OpenSSL does not use; ends 2058 or later.
  package static let weak = """
    -----BEGIN CERTIFICATE-----
    MIIB/DCCAWWgAwIBAgIUdZpWuYhHVwjRn3B+CzY9r/6tA64wDQYJKoZIhvcNAQEL
    BQAwDzENMAsGA1UEAwwEd2VhazAgFw0yNjExMjMyMTIzMTFaGA8yMDU5MTAwMTIx
    MjMxMVowDzENMAsGA1UEAwwEd2VhazCBnzANBgkqhkiG9w0BAQEFAAOBjQAwgYkC
    gYEA4gx7iiYOIRlW2CfhmiHgcwelo899jAj6o3EjzusyDxJ2oZz5x72tBwvVPz3t
    o4KlpQX5WQizsm7AfiNTthN1LAyd95Yc6vhkwPgi1MpLjQEmQXS0+fGlvXyFv+di
    p7rCW8ZtdRgTQHMh2s80gLw68REkEavIjp4gLiDWvnVFICECAwEAAaNTMFEwHQYD
    VR0OBBYEFHtpvfId4moW6SYWViAeU6++QaA6MB8GA1UdIwQYMBaAFHtpvfId4moW
    6SYWViAeU6++QaA6MA8GA1UdEwEB/wQFMAMBAf8wDQYJKoZIhvcNAQELBQADgYEA
    4aVUpAx8diDSH4MdetTHGVHHKl7oKAQxAQewffdkjqe9vVv90pRhkT4pLK/ht9uB
    jIBAfe2tNxg/inLIx6OJG6ruQ2rS9xnxXpkN4DgUzUzapBMb3iGOBgpsFdU1pA7J
    JCDxPrqB36y9XIpK4w+WEnUUBKDRRBCM5R0NgqWBLi4=
    -----END CERTIFICATE-----

    """
  /// The key of `weak`.
  package static let weakKey = """
    -----BEGIN PRIVATE KEY-----
    MIICdwIBADANBgkqhkiG9w0BAQEFAASCAmEwggJdAgEAAoGBAOIMe4omDiEZVtgn
    4Zoh4HMHpaPPfYwI+qNxI87rMg8SdqGc+ce9rQcL1T897aOCpaUF+VkIs7JuwH4j
    U7YTdSwMnfeWHOr4ZMD4ItTKS40BJkF0tPnxpb18hb/nYqe6wlvGbXUYE0BzIdrP
    NIC8OvERJBGryI6eIC4g1r51RSAhAgMBAAECgYAJMEi1TOa2IbmN/9ED2uyswFrT
    VdPcpWDK1AaImrbmNfHsj9z3aZZm+uwoLfRC+USSeLOyEtB7KFVay0TT2eahWCzQ
    7SUJcfdEWw53gNo9nf1zXUHjt9nj/bHp2tT+KnyvuKoSIltznDBbllhCrW2v6M+b
    z2tsrWeXkLUZlCPIIQJBAP0kFKyrdwpwhsBGkacQ/iv9i5IMBP/sVcjLRWAiKXTh
    ODJUm+CPGD4XrCXIW0LNl/J3ViFskabBG6N1xlwA7qMCQQDkmhGeTK/9Qs2ZOQmL
    nRt+wxpVeG4+D+ggU4HCjs/P+9VrLhrny9kO/SJ8ds+YJJInLXEQMtmF87xb35im
    +TZrAkEAr/iC/r17VSCAK+1ilxay+fWZLn94gkfSInFb2sYkt4FQxXwXl/UhTxi5
    rNIozrmI5R6cG0QTxC39fpYCvDZRrQJBAMzBx1gf3l6dkGRWt1sLLM582MCHr079
    lnAl/AsVOcRUEFQBJu5KIzCOwW30SXs//n0C8cuNkFKv/x3Xh/a/L+MCQG76tjlf
    dNKXAE7z9NeSJA31nkO9QXkC6xLSk69hksVIn0/N7nU/8iFN996GjmwSjaOyYKZs
    Th6fkloi8lu97/o=
    -----END PRIVATE KEY-----

    """
}
