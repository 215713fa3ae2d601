import Catalog
import HostTools
import NFSClient
import NodeAPI
import Provisioning
import StorageCore
import TestSupport
import Testing

@testable import Diagnosis

@Suite("What is wrong with a volume", .tags(.unit))
struct VolumeSightTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let faults: [Fault]
        let change: @Sendable (inout VolumeSight) -> Void

        init(_ name: String, _ faults: [Fault], _ change: @escaping @Sendable (inout VolumeSight) -> Void) {
            self.name = name
            self.faults = faults
            self.change = change
        }

        var testDescription: String { "\(name): \(faults.map(\.rawValue))" }
    }

    private static func sight(_ phase: Phase = .ready) throws -> VolumeSight {
        var sight = VolumeSight(volume: try Samples.volume(phase))
        sight.mountOptions = ["rw", "nodev", "rw", "attr2"]
        sight.granularity = .mebibytes(4)
        sight.deviceSize = .mebibytes(1024)
        sight.space = FilesystemSpace(
            total: 1 << 30, free: 900 << 20, available: 900 << 20, files: 1 << 19, freeFiles: 1 << 18)
        return sight
    }

    private static func space(_ available: Int64, inodes: Int64 = 1000) -> FilesystemSpace {
        FilesystemSpace(total: 1 << 30, free: available, available: available, files: 1 << 19, freeFiles: inodes)
    }

    @Test(
        "a mounted volume",
        arguments: [
            Case("as it should be", []) { _ in },
            Case("in whole extents", []) { $0.deviceSize = .mebibytes(1027) },
            Case("an extent more", [.sizeDiffers]) { $0.deviceSize = .mebibytes(1028) },
            Case("an extent less", [.sizeDiffers]) { $0.deviceSize = .mebibytes(1020) },
            Case("while it grows", []) {
                $0.deviceSize = .mebibytes(2048)
                $0.isBusy = true
            },
            Case("of a pool that does not say", []) {
                $0.granularity = nil; $0.deviceSize = .mebibytes(1)
            },
            Case("read-only at its mount", [.filesystemReadOnly]) { $0.mountOptions = ["ro", "nodev", "rw"] },
            Case("read-only itself", [.filesystemReadOnly]) { $0.failure = ObservedMount.readOnly },
            Case("shut down", [.filesystemShutDown]) { $0.failure = "statx /nfs/shopdata: Input/output error" },
            Case("full", [.volumeFull]) { $0.space = space(9 << 20) },
            Case("nearly full", []) { $0.space = space(11 << 20) },
            Case("full, and without an inode for that", [.volumeFull]) { $0.space = space(0, inodes: 0) },
            Case("without an inode", [.inodesExhausted]) { $0.space = space(500 << 20, inodes: 3) },
            Case("with another device over it", [.foreignMount]) { $0.place = .foreign(DevicePath("none")) },
            Case("not mounted", [.volumeNotMounted]) { $0.place = .missing },
            Case("of a silent pool", [.volumeNotMounted]) {
                $0.place = .unknown
                $0.silence = "there is no volume group vg"
            },
        ])
    func mounted(_ case: Case) throws {
        var sight = try Self.sight()
        `case`.change(&sight)
        #expect(sight.findings.map(\.check) == `case`.faults.map(\.rawValue))
        #expect(sight.findings.allSatisfy { $0.subject == "volumes/shop/data" && !$0.evidence.isEmpty })
    }

    @Test(
        "a volume that is not well, with what the journal knows of it",
        arguments: [
            (.quarantined, false, .failed, [.volumeQuarantined]), (.creating, true, .running, []),
            (.creating, false, .failed, [.operationFailed]), (.creating, true, .undoing, [.operationFailed]),
            (.deleting, true, .running, []), (.deleting, false, .failed, [.operationFailed]),
            (.failed, false, .failed, [.operationFailed]),
        ] as [(Phase, Bool, Operation.State, [Fault])])
    func unwell(phase: StorageCore.Phase, isBusy: Bool, state: Operation.State, faults: [Fault]) throws {
        var sight = try Self.sight(phase)
        sight.isBusy = isBusy
        var operation = Operation(
            volume: sight.volume.identity, plan: .create, step: "format", startedAt: Sample.moment)
        operation.state = state
        operation.failure = .init(StorageError(.internal, "mkfs.xfs ended with status 1"))
        sight.lastFailure = operation
        #expect(sight.findings.map(\.check) == faults.map(\.rawValue))
        #expect(
            sight.findings.allSatisfy {
                $0.evidence.contains("step format: mkfs.xfs ended with status 1")
                    && $0.evidence.contains(operation.id.value)
            })
    }

    @Test("one that is not there is absent, or its creation failed")
    func absent() throws {
        let key = try Sample.key("shop/data")
        #expect(VolumesCheck.absent(key, last: nil).check == "volume-absent")
        var last = Operation(
            volume: try Samples.volume(.ready).identity, plan: .create, step: "allocate", startedAt: Sample.moment)
        last.state = .failed
        last.failure = .init(StorageError(.outOfCapacity, "no room"))
        #expect(VolumesCheck.absent(key, last: last).check == "operation-failed")
        #expect(VolumesCheck.absent(key, last: last).evidence.contains("no room"))
    }
}

enum Samples {
    static func volume(
        _ phase: Phase = .ready, squash: Squash = .none, clients: [String] = ["10.0.0.0/8", "10.7.0.0/16=ro"]
    ) throws -> Volume {
        let spec = try VolumeSpec(
            key: Sample.key("shop/data"), capacity: .mebibytes(1024), pool: PoolName("default"), filesystem: .xfs,
            squash: squash,
            clients: clients.map { text in
                let parts = text.split(separator: "=").map(String.init)
                return ClientRule(
                    address: try ClientAddress(parts[0]), access: parts.count > 1 ? .readOnly : .readWrite)
            })
        var volume = Volume(
            creating: spec, id: try #require(VolumeID("6f1b2c3d-0000-4000-8000-00000000000a")),
            exportID: try #require(ExportID(1)), path: MountPath("/nfs/shopdata"), createdAt: Sample.moment)
        volume.phase = phase
        return volume
    }
}
