import Glibc
import NFSClient
import NodeAPI
import StorageCore
import TestSupport
import Testing

@testable import convert2nfs

@Suite("volume check")
struct CheckTests {
    @Test(
        "a failed step says what to do, and ends with a fitting status",
        arguments: [
            (ExportCheck.Step.mount, ECONNREFUSED, "no NFS server answers at 127.0.0.1, ports 2049 and 20048", 69),
            (.mount, EIO, "no NFS server answers at 127.0.0.1, ports 2049 and 20048", 69),
            (.mount, EACCES, "let it in with \"convert2nfs volume clients shop/data --add ADDRESS\"", 77),
            (.mount, ENOENT, "the server does not export /nfs/shopdata to this host", 77),
            (.create, EROFS, "this host may only read", 77), (.write, ENOSPC, "the volume is full", 74),
            (.read, ESTALE, "the volume was withdrawn while it was checked", 75),
            (.sync, EIO, "look at the node's log", 74),
        ] as [(ExportCheck.Step, Int32, String, Int32)])
    func advice(step: ExportCheck.Step, code: Int32, words: String, status: Int32) throws {
        let failure = try failure(step, NFSError(code: code, operation: "o", message: "m"))
        #expect(failure.message.hasPrefix("volumes/shop/data: the check failed at \"\(step.rawValue)\": "))
        #expect(failure.message.contains(words), "\(failure.message)")
        #expect(failure.status.rawValue == status)
    }

    @Test("a write that fails for no given reason on a volume without room is a full volume")
    func full() throws {
        let error = NFSError(code: EFAULT, operation: "write", message: "")
        #expect(try failure(.write, error, bytesLeft: 0).message.contains("the volume is full"))
        #expect(try failure(.write, error, bytesLeft: 1 << 30).message.contains("the volume is full") == false)
    }

    @Test("a squashed user that may not write is told why")
    func squashed() throws {
        let error = NFSError(code: EACCES, operation: "open", message: "")
        #expect(try failure(.create, error, squash: .root).message.contains("the volume squashes user 0 (root)"))
    }

    @Test("bytes that come back otherwise are found at their place")
    func mismatch() throws {
        try ExportCheck.compare([1, 2, 3], with: [1, 2, 3])
        #expect(throws: ExportCheck.Mismatch(offset: 1)) { try ExportCheck.compare([1, 9, 3], with: [1, 2, 3]) }
        #expect(throws: ExportCheck.Mismatch(offset: 2)) { try ExportCheck.compare([1, 2], with: [1, 2, 3]) }
        let failure = try failure(.compare, ExportCheck.Mismatch(offset: 4096))
        #expect(failure.message.contains("what was read is not what was written, from byte 4096 on"))
        #expect(failure.status == .inputOutput)
    }

    @Test("a check of a server that is not there names the step, in the table and in JSON", .timeLimit(.minutes(1)))
    func unreachable() async throws {
        let server = try ScriptedServer { _ in .hangUp }
        server.stop()
        let node = NodeDocument(
            name: "a", version: "0", startedAt: Timestamp(Samples.now), uptimeSeconds: 1,
            nfs: .init(server: "ganesha", address: "127.0.0.1", port: server.port, mountdPort: server.port), pools: [],
            volumes: 1)
        let replies: [String: [ScriptedServer.Reply]] = [
            "GET /v1/volumes/shop/data": [.json(200, try Samples.json(Samples.volume()))],
            "GET /v1/node": [.json(200, try Samples.json(node))],
        ]
        let table = try await shown("volume check shop/data --timeout 2", replies).text
        #expect(table == "STEP    TIME   RESULT\nmount   -      failed\n")
        let json = try await shown("volume check shop/data --timeout 2", as: .json, replies).text
        #expect(json.contains("\"failed\" : \"mount\""))
        #expect(json.contains("\"ok\" : false"))
    }

    private func failure(
        _ step: ExportCheck.Step, _ error: any Error, bytesLeft: UInt64? = nil, squash: Squash = .none
    ) throws -> Report.Failure {
        let check = ExportCheck(target: .init(server: "127.0.0.1", path: "/nfs/shopdata"), byteCount: 1 << 20)
        return Report.Failure(
            .init(step: step, error: error, bytesLeft: bytesLeft), check: check,
            volume: try Samples.volume(squash: squash))
    }
}
