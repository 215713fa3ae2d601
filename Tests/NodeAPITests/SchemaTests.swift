import FoundationEssentials
import StorageCore
import TestSupport
import Testing

@testable import NodeAPI

@Suite("Schemas", .tags(.unit))
struct SchemaTests {
    /// A document with all it can have, and one with as little as it can have.
    private struct Sample {
        let schema: String
        let full: any Encodable
        let least: any Encodable
    }

    private static let moment = Timestamp(Date(timeIntervalSince1970: 1_700_000_000))

    private func samples() throws -> [Sample] {
        let client = ClientDocument(
            ClientRule(address: try ClientAddress("10.0.0.0/24"), access: .readOnly))
        let volume = VolumeDocument(try Samples.volume(), usedBytes: nil, service: Samples.service)
        let problem = StorageError(.busy, "wait", resource: "volumes/shop/data")
        return [
            Sample(schema: "Health", full: HealthDocument(), least: HealthDocument()),
            Sample(
                schema: "Problem", full: ProblemDocument(problem),
                least: ProblemDocument(StorageError(.internal, "a fault"))),
            Sample(schema: "Client", full: client, least: client),
            Sample(schema: "Condition", full: volume.condition, least: volume.condition),
            Sample(schema: "NFS", full: volume.nfs, least: volume.nfs),
            Sample(
                schema: "VolumeList", full: VolumeListDocument(volumes: [volume], continue: "a.b"),
                least: VolumeListDocument(volumes: [])),
        ] + (try nouns()) + (try requests())
    }

    private func nouns() throws -> [Sample] {
        let volume = try Samples.volume()
        let source = VolumeSource.volume(try VolumeKey("shop", "old"))
        let key = SnapshotKey(volume: volume.key, name: try SnapshotName("monday"))
        let snapshot = SnapshotDocument(Snapshot(key: key, of: volume, createdAt: Self.moment.date, isReady: true))
        let usage = PoolUsage(total: .gibibytes(4), available: .gibibytes(1))
        let pool = try PoolName("default")
        let full = PoolDocument(name: pool, backend: "loop", usage: usage, volumes: 3, foreign: ["home"])
        let silent = PoolDocument(name: pool, backend: "loop", usage: nil, volumes: 3, condition: .abnormal("gone"))
        let running = OperationDocument(
            id: "8", kind: "volume.create", resource: "volumes/shop/b", state: .running, startedAt: Self.moment)
        let ended = OperationDocument(
            id: "7", kind: "volume.create", resource: "volumes/shop/data", state: .failed, step: "format",
            progress: 0.5, error: StorageError(.busy, "wait"), startedAt: Self.moment, endedAt: Self.moment)
        let node = NodeDocument(
            name: "a", version: "1", startedAt: Self.moment, uptimeSeconds: 7,
            nfs: .init(server: "ganesha", address: "127.0.0.1", port: 2049, mountdPort: 20048), pools: [pool],
            volumes: 4)
        var standby = node
        standby.volumes = nil
        return [
            Sample(
                schema: "Volume",
                full: VolumeDocument(
                    try Samples.volume(source: source), usedBytes: .mebibytes(1), service: Samples.service),
                least: VolumeDocument(volume, usedBytes: nil, service: Samples.service)),
            Sample(schema: "Snapshot", full: snapshot, least: snapshot),
            Sample(
                schema: "SnapshotList", full: SnapshotListDocument(snapshots: [snapshot]),
                least: SnapshotListDocument(snapshots: [])),
            Sample(schema: "Pool", full: full, least: silent),
            Sample(
                schema: "PoolList", full: PoolListDocument(pools: [full, silent]), least: PoolListDocument(pools: [])),
            Sample(schema: "Operation", full: ended, least: running),
            Sample(
                schema: "OperationList", full: OperationListDocument(operations: [ended, running]),
                least: OperationListDocument(operations: [])),
            Sample(schema: "Node", full: node, least: standby),
            Sample(
                schema: "Adoption", full: try Samples.adoption(changes: ["10.0.0.0/24: async becomes sync"]),
                least: try Samples.adoption(changes: [])),
            Sample(
                schema: "Rebuild", full: try Samples.rebuild(),
                least: RebuildDocument(dryRun: true, restored: [], left: [])),
            Sample(schema: "Diagnosis", full: Samples.diagnosis, least: DiagnosisDocument(checked: [], findings: [])),
            Sample(schema: "Outdated", full: OutdatedDocument(by: .fence), least: OutdatedDocument(by: nil)),
        ] + (try pair())
    }

    private func pair() throws -> [Sample] {
        var silent = try PairStatus.sample(isWhole: false)
        silent.own.role = .standby
        return [Sample(schema: "Pair", full: PairDocument(try .sample()), least: PairDocument(silent))]
    }

    private func requests() throws -> [Sample] {
        let rule = ClientRule(address: try ClientAddress("10.0.0.1"), access: .readWrite)
        let access = ClientAccessRequest(access: .readOnly)
        let snapshot = CreateSnapshotRequest(name: try SnapshotName("monday"))
        return [
            Sample(schema: "ClientAccess", full: access, least: access),
            Sample(
                schema: "AdoptVolume", full: AdoptVolumeRequest(dryRun: true, clients: [rule]),
                least: AdoptVolumeRequest(dryRun: false)),
            Sample(
                schema: "RebuildCatalog", full: RebuildCatalogRequest(dryRun: true),
                least: RebuildCatalogRequest(dryRun: false)),
            Sample(schema: "CreateSnapshot", full: snapshot, least: snapshot),
            Sample(
                schema: "Promote", full: PromoteRequest(otherIsOff: true), least: PromoteRequest(otherIsOff: true)),
            Sample(
                schema: "UpdateVolume",
                full: UpdateVolumeRequest(capacity: .gibibytes(1), clients: [rule], squash: .root),
                least: UpdateVolumeRequest()),
        ]
    }

    @Test("what documents and requests hold is what their schemas say, no more and no less")
    func documents() throws {
        for sample in try samples() {
            for document in [sample.full, sample.least] {
                #expect(SchemaCheck().flaws(of: try encoded(document), as: sample.schema) == [], "\(sample.schema)")
            }
            let (all, required) = Schemas.keys(of: sample.schema)
            // A client sends the size in bytes; people may send it as a quantity.
            #expect(try keys(of: sample.full) == all.subtracting(["size"]), "\(sample.schema)")
            #expect(try keys(of: sample.least) == required, "\(sample.schema)")
        }
    }

    @Test("a create request fits its schema, with either source", arguments: [true, false])
    func create(isSnapshot: Bool) throws {
        let key = try VolumeKey("shop", "old")
        let source =
            isSnapshot
            ? VolumeSource.snapshot(SnapshotKey(volume: key, name: try SnapshotName("monday"))) : .volume(key)
        let request = CreateVolumeRequest(
            key: try VolumeKey("shop", "data"), capacity: .gibibytes(1), pool: try PoolName("default"),
            filesystem: .xfs, squash: .all,
            clients: [ClientRule(address: try ClientAddress("10.0.0.1"), access: .readWrite)], source: source)
        #expect(SchemaCheck().flaws(of: try encoded(request), as: "CreateVolume") == [])
        #expect(try keys(of: request) == Schemas.keys(of: "CreateVolume").all.subtracting(["size"]))
    }

    @Test(
        "a request's reader knows the keys of its schema and no others",
        arguments: [
            "CreateVolume", "UpdateVolume", "ClientAccess", "CreateSnapshot", "RebuildCatalog", "AdoptVolume",
            "Promote",
        ])
    func readers(_ schema: String) throws {
        let body = Array(#"{"no-such-key": 1}"#.utf8)
        let error = #expect(throws: StorageError.self) {
            switch schema {
            case "CreateVolume": _ = try CreateVolumeRequest(body: body)
            case "UpdateVolume": _ = try UpdateVolumeRequest(body: body)
            case "AdoptVolume": _ = try AdoptVolumeRequest(body: body)
            case "RebuildCatalog": _ = try RebuildCatalogRequest(body: body)
            case "Promote": _ = try PromoteRequest(body: body)
            case "ClientAccess": _ = try ClientAccessRequest(body: body)
            default: _ = try CreateSnapshotRequest(body: body)
            }
        }
        let known = try #require(error?.message.split(separator: "known are ").last).split(separator: ", ")
        #expect(Set(known.map(String.init)) == Schemas.keys(of: schema).all)
    }

    @Test("every case of an enumeration is listed")
    func cases() {
        func listed(_ name: String) -> JSONValue? { Schemas.all.first { $0.name == name }?.schema.json["enum"] }
        #expect(listed("ProblemCode") == .array(StorageError.Code.allCases.map { .string($0.rawValue) }))
        #expect(listed("Phase") == .array(Phase.allCases.map { .string($0.rawValue) }))
        #expect(listed("Access") == ["rw", "ro"])
        #expect(listed("Filesystem") == ["xfs", "ext4"])
    }

    private func encoded(_ document: any Encodable) throws -> JSONValue {
        try JSONParser.parse(Array(WireCoder().encode(document)))
    }

    private func keys(of document: any Encodable) throws -> Set<String> {
        guard case .object(let members) = try encoded(document) else { return [] }
        return Set(members.map(\.key))
    }
}
