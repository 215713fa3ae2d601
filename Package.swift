// swift-tools-version: 6.2
import PackageDescription

// The tree is the design: who may import whom is written here and checked by
// `swift build --explicit-target-dependency-import-check error`. See docs/architecture.md.

let settings: [SwiftSetting] = [.treatAllWarnings(as: .error)]

let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")

func tests(_ target: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: "\(target)Tests", dependencies: [.byName(name: target), "TestSupport", "StorageCore"] + dependencies,
        swiftSettings: settings)
}

let tests: [Target] = [
    tests("HostTools"),
    tests("StorageBackends", ["HostTools", "RBDWire"]),
    tests("NFSExports", ["HostTools", "NFSClient"]),
    tests("Catalog"),
    tests(
        "Provisioning",
        ["Catalog", "StorageBackends", "NFSExports", .product(name: "GRDB", package: "GRDB.swift")]),
    tests("NodeAPI", ["Yams"]),
    tests(
        "NodeHTTP",
        [
            "NodeAPI", "Provisioning", .product(name: "HummingbirdTesting", package: "hummingbird"),
            .product(name: "Hummingbird", package: "hummingbird"),
        ]),
    tests("HighAvailability", ["HostTools"]),
    tests("Diagnosis", ["HostTools", "Catalog", "Provisioning", "NodeAPI", "NFSClient"]),
    tests("convert2nfs", ["NodeAPI", "NFSClient"]),
    tests("convert2nfsd", ["HighAvailability", "HostTools", "NodeHTTP", "Provisioning", "StorageBackends", logging]),
    .testTarget(name: "StorageCoreTests", dependencies: ["StorageCore", "TestSupport"], swiftSettings: settings),
    .testTarget(
        name: "LabTests",
        dependencies: ["Lab", "LabWire", "StorageCore", "HostTools", "NodeAPI", "NodeHarness", "TestSupport"],
        swiftSettings: settings),
    .testTarget(
        name: "IntegrationTests",
        dependencies: [
            "TestSupport", "StorageCore", "HostTools", "NodeAPI", "NFSClient", "NFSExports", "NodeHarness",
        ],
        swiftSettings: settings),
]

let package = Package(
    name: "convert2nfs",
    products: [
        .executable(name: "convert2nfsd", targets: ["convert2nfsd"]),
        .executable(name: "convert2nfs", targets: ["convert2nfs"]),
        .executable(name: "convert2nfs-rbd", targets: ["convert2nfs-rbd"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.0"),
    ],
    targets: [
        .systemLibrary(name: "CNFS", pkgConfig: "libnfs", providers: [.apt(["libnfs-dev"])]),
        .systemLibrary(name: "CDBus", pkgConfig: "dbus-1", providers: [.apt(["libdbus-1-dev"])]),
        .systemLibrary(name: "CHostShims"),
        .systemLibrary(name: "CRBD"),
        .target(name: "StorageCore", swiftSettings: settings),
        .target(
            name: "HostTools",
            dependencies: ["CHostShims", .product(name: "Subprocess", package: "swift-subprocess"), system],
            swiftSettings: settings),
        .target(name: "RBDWire", swiftSettings: settings),
        .target(
            name: "StorageBackends", dependencies: ["StorageCore", "HostTools", "RBDWire"], swiftSettings: settings),
        .target(
            name: "NFSExports", dependencies: ["StorageCore", "HostTools", "CDBus", logging], swiftSettings: settings),
        .target(
            name: "HighAvailability", dependencies: ["StorageCore", "HostTools", logging], swiftSettings: settings),
        .target(name: "NFSClient", dependencies: ["CNFS", "HostTools"], swiftSettings: settings),
        .target(
            name: "Catalog",
            dependencies: [
                "StorageCore", .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ],
            swiftSettings: settings),
        .target(
            name: "Provisioning", dependencies: ["StorageCore", "Catalog", logging, lifecycle],
            swiftSettings: settings),
        .target(
            name: "NodeAPI",
            dependencies: [
                "StorageCore", "Yams",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            swiftSettings: settings),
        .target(
            name: "NodeHTTP",
            dependencies: [
                "StorageCore", "NodeAPI", "Provisioning", "Catalog", logging, lifecycle,
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            swiftSettings: settings),
        .target(
            name: "Diagnosis",
            dependencies: [
                "StorageCore", "HostTools", "Catalog", "Provisioning", "NodeAPI", "NFSExports", "NFSClient",
            ], swiftSettings: settings),
        .executableTarget(
            name: "convert2nfsd",
            dependencies: [
                "StorageCore", "HostTools", "StorageBackends", "NFSExports", "Catalog", "Provisioning",
                "HighAvailability",
                "NodeAPI", "NodeHTTP", "Diagnosis", "Yams", arguments, lifecycle, logging,
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings),
        .executableTarget(name: "convert2nfs-rbd", dependencies: ["CRBD", "RBDWire"], swiftSettings: settings),
        .executableTarget(
            name: "convert2nfs", dependencies: ["NodeAPI", "NFSClient", arguments], swiftSettings: settings),
        .target(
            name: "NodeHarness", dependencies: ["StorageCore", "HostTools", "NodeAPI", "NFSClient"],
            swiftSettings: settings),
        .executableTarget(
            name: "convert2nfs-demo",
            dependencies: ["StorageCore", "HostTools", "NodeAPI", "NFSClient", "NodeHarness"],
            path: "Sources/Demo", swiftSettings: settings),
        .executableTarget(
            name: "convert2nfs-bench",
            dependencies: ["BenchReport", "StorageCore", "HostTools", "NodeAPI", "NFSClient", "NodeHarness"],
            path: "Sources/Bench", swiftSettings: settings),
        .target(name: "BenchReport", dependencies: ["StorageCore"], swiftSettings: settings),
        .executableTarget(
            name: "convert2nfs-bench-lab",
            dependencies: ["BenchReport", "StorageCore", "HostTools", "Lab", "NodeHarness"],
            path: "Sources/BenchLab", swiftSettings: settings),
        .target(name: "LabWire", swiftSettings: settings),
        .executableTarget(
            name: "convert2nfs-lab-agent", dependencies: ["LabWire", "CHostShims"], path: "Sources/LabAgent",
            swiftSettings: settings),
        .target(name: "Lab", dependencies: ["CHostShims", "HostTools", "LabWire"], swiftSettings: settings),
        .executableTarget(
            name: "convert2nfs-lab", dependencies: ["HostTools", "Lab", "NodeHarness", arguments],
            path: "Sources/LabCommand", swiftSettings: settings),
        .target(
            name: "TestSupport",
            dependencies: [
                "StorageCore", "HostTools", "StorageBackends", "NFSExports", "Catalog", "Provisioning",
                "HighAvailability", "NodeAPI", "NFSClient", "NodeHarness", logging,
            ],
            swiftSettings: settings),
    ] + tests,
    swiftLanguageModes: [.v6]
)
