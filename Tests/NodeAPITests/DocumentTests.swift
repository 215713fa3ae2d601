import FoundationEssentials
import StorageCore
import Testing

@testable import NodeAPI

@Suite("Documents")
struct DocumentTests {
    @Test("a volume document has the contract's fields, with null for what is not known")
    func volume() throws {
        let document = VolumeDocument(try Samples.volume(), usedBytes: nil, service: Samples.service)
        let text = String(decoding: try WireCoder().encode(document), as: UTF8.self)
        let expected =
            #"{"capacityBytes":10737418240,"condition":{"abnormal":false,"message":""},"#
            + #""createdAt":"2023-11-14T22:13:20.000Z","filesystem":"xfs","id":"6f1b2c3d-0000-4000-8000-00000000000a","#
            + #""name":"data","namespace":"shop","nfs":{"clients":[{"access":"rw","address":"127.0.0.1"}],"#
            + #""mountOptions":["nfsvers=3","proto=tcp","hard"],"path":"/nfs/shopdata","server":"192.0.2.10","#
            + #""squash":"none"},"phase":"ready","pool":"default","source":null,"storedBytes":null,"usedBytes":null}"#
        #expect(text == expected)
    }

    @Test("documents come back as they were sent")
    func roundTrip() throws {
        let source = VolumeSource.snapshot(
            SnapshotKey(volume: try VolumeKey("shop", "old"), name: try SnapshotName("monday")))
        var volume = try Samples.volume(source: source)
        volume.condition = .abnormal("the pool is full")
        let document = VolumeDocument(volume, usedBytes: .mebibytes(3), service: Samples.service)
        try expectRoundTrip(document)
        #expect(document.source?.source == source)
        try expectRoundTrip(VolumeListDocument(volumes: [document], continue: "shop/data"))
        let now = Timestamp(Date(timeIntervalSince1970: 1_700_000_000.25))
        let snapshot = Snapshot(
            key: SnapshotKey(volume: volume.key, name: try SnapshotName("monday")), of: volume, createdAt: now.date,
            isReady: true)
        try expectRoundTrip(SnapshotListDocument(snapshots: [SnapshotDocument(snapshot)]))
        #expect(SnapshotDocument(snapshot).key == snapshot.key)
        let usage = PoolUsage(total: .gibibytes(4), available: .gibibytes(1))
        let pool = PoolDocument(name: try PoolName("default"), backend: "loop", usage: usage, volumes: 3)
        let silent = PoolDocument(
            name: try PoolName("b"), backend: "loop", usage: nil, volumes: 0, condition: .abnormal("no answer"))
        try expectRoundTrip(PoolListDocument(pools: [pool, silent]))
        let operation = OperationDocument(
            id: "7", kind: "createVolume", resource: "volumes/shop/data", state: .failed, step: "format", progress: 0.5,
            error: StorageError(.busy, "wait", resource: "volumes/shop/data"), startedAt: now, endedAt: now)
        let running = OperationDocument(
            id: "8", kind: "createVolume", resource: "volumes/shop/b", state: .running, startedAt: now)
        try expectRoundTrip(OperationListDocument(operations: [operation, running]))
        try expectRoundTrip(
            NodeDocument(
                name: "a", version: "0.1.0", startedAt: now, uptimeSeconds: 7,
                nfs: .init(server: "ganesha", address: "127.0.0.1", port: 2049, mountdPort: 20048),
                pools: [try PoolName("default")], volumes: 4))
        try expectRoundTrip(HealthDocument())
    }

    @Test("health is the contract's one line")
    func health() throws {
        #expect(String(decoding: try WireCoder().encode(HealthDocument()), as: UTF8.self) == #"{"health":"ok"}"#)
    }

    @Test("a client skips what it does not know and refuses what is not a document")
    func tolerance() throws {
        let newer = Data(#"{"health": "ok", "mood": "fine"}"#.utf8)
        #expect(try WireCoder().decode(HealthDocument.self, from: newer).isOK)
        let error = #expect(throws: StorageError.self) {
            try WireCoder().decode(HealthDocument.self, from: Data("<html>".utf8))
        }
        #expect(error?.code == .internal)
    }

    @Test(
        "times are RFC 3339 in UTC",
        arguments: [
            ("2026-11-23T12:52:32Z", true), ("2026-11-23T12:52:32.250Z", true), ("2026-11-23", false), ("", false),
        ])
    func times(text: String, isValid: Bool) {
        #expect((Timestamp(text) != nil) == isValid)
    }

    @Test("ports that are not the standard ones become mount options, once")
    func ports() {
        let options = ["nfsvers=3", "hard"]
        #expect(NFSService(server: "a", mountOptions: options).mountOptions == options)
        #expect(
            NFSService(server: "a", port: 12049, mountdPort: 12048, mountOptions: options).mountOptions
                == options + ["port=12049", "mountport=12048"])
        #expect(
            NFSService(server: "a", port: 12049, mountdPort: 12048, mountOptions: ["port=1", "mountport=2"])
                .mountOptions
                == ["port=1", "mountport=2"])
        #expect(
            NFSService(server: "a", port: 12049, mountdPort: 12048, mountOptions: ["nfsvers=4.1"]).mountOptions
                == ["nfsvers=4.1", "port=12049"])
    }

    private func expectRoundTrip<Document: Codable & Equatable>(_ document: Document) throws {
        let coder = WireCoder()
        #expect(try coder.decode(Document.self, from: coder.encode(document)) == document)
    }
}
