// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

// Floors: each module imports only what stands below it. No package dependencies: the library's C dependencies come
// from the system (see the Makefile), and the flags of the shipped libaskel_s4.so are the Makefile's too, since
// a static Swift runtime in this file would break `swift test`.
let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]
// Without Swift's regular expressions: one unlucky `contains` would link their engine, a megabyte.
let shipped = strict + [.unsafeFlags(["-Xfrontend", "-disable-implicit-string-processing-module-import"])]
// Small before fast, where a tenant's answer or a disk is waited for anyhow: an eighth of a megabyte.
let small = shipped + [.unsafeFlags(["-Osize"], .when(configuration: .release))]

func floor(_ name: String, _ below: Target.Dependency..., settings: [SwiftSetting] = shipped) -> Target {
  .target(name: name, dependencies: below, swiftSettings: settings)
}

func tests(_ name: String, _ below: Target.Dependency...) -> Target {
  .testTarget(
    name: name + "Tests", dependencies: [.init(stringLiteral: name), "TestSupport"] + below,
    // Vaults of earlier formats, read by their paths.
    exclude: name == "Vault" ? ["Fixtures"] : [], swiftSettings: strict)
}

let package = Package(
  name: "askel-s4",
  products: [.library(name: "askel_s4", type: .dynamic, targets: ["AskelS4"])],
  targets: [
    .systemLibrary(name: "CAskelS4", path: "include"),
    .systemLibrary(name: "CCurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .systemLibrary(name: "COpenSSL", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CSQLite", providers: [.apt(["libsqlite3-dev"])]),
    .systemLibrary(name: "CExpat", providers: [.apt(["libexpat1-dev"])]),
    .systemLibrary(name: "CLinux"),

    floor("Basics"),
    floor("Secrets", "Basics", "COpenSSL"),
    floor("OData", "Basics", "CExpat"),
    floor("Vault", "Basics", "Secrets", "CSQLite"),
    floor("HTTP", "Basics", "Secrets", "CCurl", settings: small),
    floor("OAuth", "Basics", "Secrets", "HTTP", settings: small),
    floor("Connector", "Basics", "Secrets", "OData", "Vault", "HTTP", "OAuth", "CLinux", settings: small),
    floor("Documents", "Basics", "OData", "Connector", settings: small),
    floor("AskelS4", "Basics", "Secrets", "OData", "Vault", "Connector", "Documents", "CAskelS4", settings: small),

    .executableTarget(
      name: "VaultOpenBench", dependencies: ["Basics", "Secrets", "Vault"], path: "Tests/Bench/VaultOpen",
      swiftSettings: strict),
    .target(name: "TestSupport", dependencies: ["Basics"], path: "Tests/Support", swiftSettings: strict),
    .target(
      name: "TestServer", dependencies: ["Basics", "TestSupport", "CCurl"], path: "Tests/TestServer",
      swiftSettings: strict),
    tests("Basics"),
    tests("Secrets", "Basics", "COpenSSL"),
    tests("OData", "Basics"),
    tests("Vault", "Basics", "Secrets", "CSQLite"),
    tests("HTTP", "Basics", "Secrets", "TestServer"),
    tests("OAuth", "Basics", "Secrets", "HTTP"),
    tests("Connector", "TestServer", "Basics", "Secrets", "OData", "Vault", "HTTP", "OAuth"),
    tests("Documents", "Basics", "OData", "Connector"),
    tests("AskelS4", "Basics", "Secrets", "Connector", "CAskelS4"),
  ],
  swiftLanguageModes: [.v6]
)
