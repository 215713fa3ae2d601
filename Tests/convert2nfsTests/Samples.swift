import FoundationEssentials
import NodeAPI
import StorageCore
import TestSupport
import Testing

@testable import convert2nfs

enum Samples {
    static let now = Date(timeIntervalSince1970: 1_700_000_000)

    static func volume(
        capacity: ByteCount = .gibibytes(10), clients: [ClientRule] = [], squash: Squash = .none
    ) throws -> VolumeDocument {
        let id = try #require(VolumeID("6f1b2c3d-0000-4000-8000-00000000000a"))
        let key = try VolumeKey("shop", "data")
        let spec = try VolumeSpec(
            key: key, capacity: capacity, pool: PoolName("default"), filesystem: .xfs, squash: squash, clients: clients)
        var volume = Volume(
            creating: spec, id: id, exportID: try #require(ExportID(1)), path: MountPath("/nfs/shopdata"),
            createdAt: now.addingTimeInterval(-300))
        volume.phase = .ready
        return VolumeDocument(
            volume, usedBytes: .mebibytes(71), service: NFSService(server: "127.0.0.1", mountOptions: ["nfsvers=3"]))
    }

    static func json(_ document: some Encodable) throws -> String {
        String(decoding: try WireCoder().encode(document), as: UTF8.self)
    }

    static func problem(_ code: StorageError.Code) throws -> ScriptedServer.Reply {
        let problem = ProblemDocument(StorageError(code, "no", resource: "volumes/shop/data"))
        return .json(problem.status, try json(problem))
    }
}

/// What a command line shows when the node answers each `METHOD /target` with the first reply that is left for it, the
/// last one again and again; and the calls it made.
func shown(
    _ line: String, as format: OutputFormat = .table, _ replies: [String: [ScriptedServer.Reply]]
) async throws -> (text: String, calls: [String]) {
    let script = Script(replies)
    let words = line.split(separator: " ").map(String.init)
    let command = try #require(try await Convert2NFS.parse(words) as? any NodeCommand)
    return try await ScriptedServer.with(answer: { script.reply(to: $0) }) { server in
        let address = try ServerAddress("http://127.0.0.1:\(server.port)")
        let report = try await NodeClient.with(address) { (client) async throws(StorageError) in
            try await command.report(Context(client: client, now: Samples.now, tell: { _, _ in }))
        }
        return (try report.rendered(as: format), server.requests.map { "\($0.method) \($0.target) \($0.body)" })
    }
}
