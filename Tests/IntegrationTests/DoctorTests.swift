import NodeAPI
import StorageCore
import TestSupport
import Testing

@Suite("Doctor", .tags(.integration), .requiresRoot, .requiresLoopDevices, .timeLimit(.minutes(3)))
struct DoctorTests {
    @Test("it finds nothing wrong with a healthy node and its volumes, and leaves nothing behind in them")
    func healthy() async throws {
        try await withNode { node in
            _ = try await node.create("shop/data")
            _ = try await node.create("shop/other", size: .mebibytes(300), filesystem: .xfs, clients: ["10.1.0.0/16"])
            for line in [[], ["shop/data"], ["shop/other"], ["shop/other", "--from", "10.1.2.3"]] {
                let text = try await node.daemon.run("convert2nfs", ["doctor"] + line)
                #expect(text.hasPrefix("nothing is wrong\n"), "\(line): \(text)")
            }
            let connection = try await node.mount("shop/data")
            #expect(try await connection.list("/").filter { $0 != "lost+found" } == [])
            await connection.close()
            // The node itself was let in to the other one for a moment only.
            #expect(try await node.volume("shop/other").nfs.clients.map(\.rule.address.description) == ["10.1.0.0/16"])
            await #expect(throws: (any Error).self) { try await node.mount("shop/other") }
        }
    }

    @Test(
        "it says of a volume what is wrong, with the command that mends it",
        arguments: [
            (["shop/data", "--from", "10.9.9.9"], Fault.clientNotAllowed, "volume clients shop/data --add 10.9.9.9"),
            (["shop/none"], .volumeAbsent, "volume create shop/none"),
        ] as [([String], Fault, String)])
    func findings(arguments: [String], fault: Fault, remedy: String) async throws {
        try await withNode { node in
            _ = try await node.create("shop/data")
            let error = await #expect(throws: (any Error).self) {
                try await node.daemon.run("convert2nfs", ["doctor", "-o", "name"] + arguments)
            }
            #expect("\(try #require(error))".contains("status 74"))
            let key = try Sample.key(arguments[0])
            let from = try arguments.count > 1 ? ClientAddress(arguments[2]) : nil
            let document = try await node.daemon.call { (client) async throws(StorageError) in
                try await client.diagnosis(of: key, from: from)
            }
            #expect(document.findings.map(\.check) == [fault.rawValue])
            #expect(document.findings.first?.remedy.contains(remedy) == true, "\(document)")
        }
    }
}
