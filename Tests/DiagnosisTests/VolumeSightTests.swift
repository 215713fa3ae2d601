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
        var sight = VolumeSight(volume: try Samples.volume(phase), daemon: Samples.daemon)
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
        sight.culprit = operation
        #expect(sight.findings.map(\.check) == faults.map(\.rawValue))
        #expect(
            sight.findings.allSatisfy {
                $0.evidence.contains("step format: mkfs.xfs ended with status 1")
                    && $0.evidence.contains(operation.id.value)
            })
    }

    private static func operation(
        _ volume: Volume, _ plan: OperationPlan, _ state: Operation.State, _ message: String? = nil
    ) -> Operation {
        var operation = Operation(volume: volume.identity, plan: plan, step: "some", startedAt: Sample.moment)
        operation.state = state
        operation.failure = message.map { .init(StorageError(.internal, $0)) }
        return operation
    }

    @Test(
        "a volume that a change left failed is told what asks for that change again",
        arguments: [
            (.mebibytes(2048), "10.0.0.0/8 10.7.0.0/16=ro", .none, "convert2nfs volume resize shop/data 2Gi"),
            (
                .mebibytes(2048), "10.7.0.0/16=ro", .all,
                "convert2nfs volume resize shop/data 2Gi; convert2nfs volume clients shop/data --set 10.7.0.0/16=ro "
                    + "--squash all"
            ),
            (.mebibytes(1024), "", .none, "convert2nfs volume clients shop/data --clear"),
        ] as [(ByteCount, String, Squash, String)])
    func again(capacity: StorageCore.ByteCount, clients: String, squash: StorageCore.Squash, command: String) throws {
        let wanted = try Samples.volume(
            squash: squash, clients: clients.split(separator: " ").map(String.init))
        var new = VolumeSettings(of: wanted)
        new.capacity = capacity
        var sight = try Self.sight(.failed)
        sight.culprit = Self.operation(
            sight.volume, .update(from: VolumeSettings(of: sight.volume), to: new), .failed, "no room")
        // What grew in part is told of once.
        sight.deviceSize = capacity
        #expect(sight.findings.map(\.check) == ["operation-failed"])
        #expect(sight.findings.first?.remedy.hasSuffix("then ask again: \(command)") == true)
    }

    @Test("a failed snapshot's rest is told of as that, whatever was done to the volume since")
    func culprit() throws {
        let name = try SnapshotName("monday")
        var volume = try Samples.volume(.failed)
        let cause = Self.operation(volume, .createSnapshot(name), .failed, "the device is gone")
        volume.condition = .abnormal("the snapshot monday failed: \(try #require(cause.reason))")
        let other = try Samples.volume(id: "6f1b2c3d-0000-4000-8000-00000000000b")
        let operations = [
            Self.operation(volume, .createSnapshot(try SnapshotName("tuesday")), .succeeded),
            Self.operation(volume, .deleteSnapshot(name), .failed, "it is in use"), cause,
            Self.operation(other, .create, .failed, "the device is gone"),
        ]
        #expect(VolumesCheck.culprit(of: volume, among: operations) == cause)
        #expect(VolumesCheck.culprit(of: volume, among: [operations[0], operations[3]]) == nil)
        var sight = VolumeSight(volume: volume, daemon: Samples.daemon)
        sight.culprit = cause
        let finding = try #require(sight.findings.first)
        #expect(finding.remedy.contains("convert2nfs snapshot delete shop/data@monday"))
        #expect(!finding.remedy.contains("resize"))
        volume.phase = .deleting
        #expect(VolumesCheck.culprit(of: volume, among: operations) == nil)
        #expect(VolumesCheck.culprit(of: volume, among: Array(operations.dropFirst())) == operations[1])
    }

    @Test("remedies name the daemon's own log, and systemd only where that has started it", arguments: [true, false])
    func daemon(isUnit: Bool) throws {
        let daemon = DaemonFacts(log: "/srv/log/all", errors: "/srv/log/errors", isUnit: isUnit)
        var sight = VolumeSight(volume: try Samples.volume(), daemon: daemon)
        sight.failure = "EIO"
        let remedy = try #require(sight.findings.first?.remedy)
        #expect(remedy.contains("convert2nfsd retire"))
        for text in [remedy, daemon.restart] { #expect(text.contains("systemctl") == isUnit) }
        #expect(daemon.readLog == "tail /srv/log/all" && daemon.readErrors == "tail /srv/log/errors")
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
    static let daemon = DaemonFacts(log: "/var/log/c.log", errors: "/var/log/c_error.log", isUnit: true)

    static func volume(
        _ phase: Phase = .ready, squash: Squash = .none, clients: [String] = ["10.0.0.0/8", "10.7.0.0/16=ro"],
        id: String = "6f1b2c3d-0000-4000-8000-00000000000a"
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
            creating: spec, id: try #require(VolumeID(id)),
            exportID: try #require(ExportID(1)), path: MountPath("/nfs/shopdata"), createdAt: Sample.moment)
        volume.phase = phase
        return volume
    }
}
