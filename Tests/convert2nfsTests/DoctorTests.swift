import NodeAPI
import StorageCore
import TestSupport
import Testing

@testable import convert2nfs

@Suite("doctor")
struct DoctorTests {
    private static let sick = DiagnosisDocument(
        checked: ["pools", "firewall"], omitted: [.init(check: "firewall", reason: "nft is not installed")],
        notes: ["it is small"],
        findings: [
            .init(.poolFull, "pools/default", "the pool is full", evidence: "0 of 4Gi are left", remedy: "vgextend"),
            .init(.udpOff, "node", "no UDP", evidence: "refused", remedy: "restart"),
        ])

    private func report(_ line: String, _ replies: [String: [ScriptedServer.Reply]]) async throws -> Report {
        let script = Script(replies)
        let command = try #require(
            try await Convert2NFS.parse(line.split(separator: " ").map(String.init)) as? any NodeCommand)
        return try await ScriptedServer.with(answer: { script.reply(to: $0) }) { server in
            let address = try ServerAddress("http://127.0.0.1:\(server.port)")
            return try await NodeClient.with(address) { (client) async throws(StorageError) in
                try await command.report(Context(client: client, now: Samples.now, tell: { _, _ in }))
            }
        }
    }

    @Test("each finding is told with what was seen and what mends it, and ends with 74")
    func findings() async throws {
        let replies = [
            "GET /v1/diagnosis?volume=shop%2Fdata&from=fd00%3A%3A7": [
                ScriptedServer.Reply.json(200, try Samples.json(Self.sick))
            ]
        ]
        let report = try await report("doctor shop/data --from fd00::7", replies)
        #expect(report.failure == .init(message: "2 things are wrong", status: .inputOutput))
        #expect(
            try report.rendered(as: .table) == """
                pool-full (pools/default): the pool is full
                  seen: 0 of 4Gi are left
                  mend: vgextend

                udp-off (node): no UDP
                  seen: refused
                  mend: restart

                looked at: pools, firewall
                not looked at: firewall: nft is not installed
                note: it is small

                """)
        #expect(try report.rendered(as: .name) == "pool-full\nudp-off\n")
    }

    @Test("a healthy node ends with 0")
    func healthy() async throws {
        let healthy = DiagnosisDocument(checked: ["pools"], findings: [])
        let report = try await report(
            "doctor", ["GET /v1/diagnosis": [.json(200, try Samples.json(healthy))]])
        #expect(report.failure == nil)
        #expect(try report.rendered(as: .table) == "nothing is wrong\nlooked at: pools\n")
    }

    @Test("of a daemon that does not answer it says how to start it, and ends with 69; a refusal stays one")
    func silent() async throws {
        let report = try await report("doctor", ["GET /v1/diagnosis": [.hangUp]])
        #expect(report.failure?.status == .unavailable)
        #expect(try report.rendered(as: .name) == "daemon-silent\n")
        #expect(try report.rendered(as: .table).contains("mend: on the node: systemctl start convert2nfsd,"))
        let refusal = try Samples.problem(.permissionDenied)
        await #expect(throws: StorageError.self) { try await self.report("doctor", ["GET /v1/diagnosis": [refusal]]) }
    }
}
