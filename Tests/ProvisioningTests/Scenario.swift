import Provisioning
import StorageCore
import TestSupport
import Testing

/// One mutation on a node that is prepared for it, and how to tell that it is done.
struct Scenario: Sendable, CustomTestStringConvertible {
    let name: String
    let prepare: @Sendable (VolumeManager) async throws -> Void
    let act: @Sendable (VolumeManager) async throws -> Void

    var testDescription: String { name }

    static let all = [create, clone, copy, grow, access, snapshot, unsnapshot, delete, deleteWithSnapshots]

    static let create = Scenario(name: "create") { _ in
    } act: {
        _ = try await $0.create(Sample.spec("shop/data", clients: ["10.0.0.1"])).value()
    }

    static let clone = Scenario(name: "create from a snapshot") {
        try await prepareSnapshot($0)
    } act: {
        let source = VolumeSource.snapshot(try Sample.snapshot("shop/data@monday"))
        _ = try await $0.create(Sample.spec("shop/clone", capacity: .mebibytes(128), source: source)).value()
    }

    static let copy = Scenario(name: "create from a volume") {
        try await prepareVolume($0)
    } act: {
        let source = VolumeSource.volume(try Sample.key("shop/data"))
        _ = try await $0.create(Sample.spec("shop/copy", source: source)).value()
    }

    static let grow = Scenario(name: "grow") {
        try await prepareVolume($0)
    } act: {
        _ = try await $0.update(Sample.key("shop/data"), VolumeChange(capacity: .mebibytes(256))).value()
    }

    static let access = Scenario(name: "change clients and squash") {
        try await prepareVolume($0)
    } act: {
        let change = VolumeChange(squash: .all, clients: [try Sample.rule("10.0.0.2=ro")])
        _ = try await $0.update(Sample.key("shop/data"), change).value()
    }

    static let snapshot = Scenario(name: "snapshot") {
        try await prepareVolume($0)
    } act: {
        _ = try await $0.createSnapshot(Sample.snapshot("shop/data@monday")).value()
    }

    static let unsnapshot = Scenario(name: "delete a snapshot") {
        try await prepareSnapshot($0)
    } act: {
        try await $0.deleteSnapshot(Sample.snapshot("shop/data@monday")).value()
    }

    static let delete = Scenario(name: "delete") {
        try await prepareVolume($0)
    } act: {
        try await $0.delete(Sample.key("shop/data"), withSnapshots: false).value()
    }

    static let deleteWithSnapshots = Scenario(name: "delete with snapshots") {
        try await prepareSnapshot($0)
    } act: {
        try await $0.delete(Sample.key("shop/data"), withSnapshots: true).value()
    }

    private static func prepareVolume(_ manager: VolumeManager) async throws {
        _ = try await manager.create(Sample.spec("shop/data", clients: ["10.0.0.1"])).value()
    }

    private static func prepareSnapshot(_ manager: VolumeManager) async throws {
        try await prepareVolume(manager)
        _ = try await manager.createSnapshot(Sample.snapshot("shop/data@monday")).value()
    }
}
