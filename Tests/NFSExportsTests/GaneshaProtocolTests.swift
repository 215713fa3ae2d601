import Foundation
import HostTools
import NFSClient
import StorageCore
import TestSupport
import Testing

@testable import NFSExports

/// What the server speaks, and what it needs around it.
extension GaneshaTests.Protocols {
    struct Call: Sendable, CustomTestStringConvertible {
        let program: RPCProbe.Program
        let version: UInt32
        let transport: RPCProbe.Transport
        var testDescription: String { "\(program) \(version) over \(transport)" }
    }

    @Test("NFSv3, NFSv4, mountd and the lock manager answer at their ports")
    func speaks() async throws {
        let calls: [Call] = [
            Call(program: .nfs, version: 3, transport: .tcp), Call(program: .nfs, version: 3, transport: .udp),
            Call(program: .nfs, version: 4, transport: .tcp), Call(program: .mountd, version: 3, transport: .tcp),
            Call(program: .mountd, version: 3, transport: .udp),
            Call(program: .lockManager, version: 4, transport: .tcp),
        ]
        try await GaneshaNode.with { node in
            _ = try await node.exporter.serve([])
            for call in calls {
                try await node.probe(call.program, call.transport).null(call.program, version: call.version)
            }
            await #expect {
                try await node.probe(.nfs, .tcp).null(.nfs, version: 2)
            } throws: { ($0 as? NFSError)?.code == EPROTONOSUPPORT }
        }
    }

    @Test("NFSv4.1 is spoken, with the scope of the settings")
    func minorVersionOne() async throws {
        try await GaneshaNode.with({ $0.serverScope = "the-pair" }) { node in
            _ = try await node.exporter.serve([])
            let identity = try await node.probe(.nfs, .tcp).exchangeID()
            #expect(String(decoding: identity.scope, as: UTF8.self).hasPrefix("the-pair"))
            #expect(identity.clientID != 0)
        }
    }

    @Test("NFSv4.1 is refused where the settings leave it out")
    func withoutMinorVersionOne() async throws {
        try await GaneshaNode.with({ $0.minorVersions = [0] }) { node in
            _ = try await node.exporter.serve([])
            await #expect {
                _ = try await node.probe(.nfs, .tcp).exchangeID()
            } throws: { ($0 as? NFSError)?.code == EPROTONOSUPPORT }
        }
    }

    @Test("a server for NFSv4 alone does not answer NFSv3, and needs no rpcbind")
    func onlyVersionFour() async throws {
        let rpcbind = RPCProbe(host: "127.0.0.1", port: 111, deadline: .seconds(2))
        let ranBefore = (try? await rpcbind.null(.portMapper, version: 2)) != nil
        try await GaneshaNode.with({ $0.versions = [.v4] }) { node in
            let export = try await node.export(1)
            _ = try await node.exporter.serve([export])
            let client = try await node.client(export.path, .v4)
            try await client.write([1], to: "/file")
            await client.close()
            await #expect(throws: NFSError.self) { try await node.probe(.nfs, .tcp).null(.nfs, version: 3) }
            let record = try String(contentsOfFile: "\(node.stateDirectory)/server.json", encoding: .utf8)
            #expect(ranBefore || !record.contains("rpcbind\":"))
        }
    }

    @Test("UDP is off where the settings say so")
    func withoutUDP() async throws {
        try await GaneshaNode.with({ $0.udp = false }) { node in
            _ = try await node.exporter.serve([])
            try await node.probe(.nfs, .tcp).null(.nfs, version: 3)
            let probe = RPCProbe(
                host: "127.0.0.1", port: node.settings.nfsPort, transport: .udp, deadline: .seconds(2))
            await #expect(throws: NFSError.self) { try await probe.null(.nfs, version: 3) }
        }
    }

    @Test("rpcbind and statd are started where nobody runs them, and stopped with the server")
    func helpers() async throws {
        let rpcbind = RPCProbe(host: "127.0.0.1", port: 111, deadline: .seconds(2))
        let ranBefore = (try? await rpcbind.null(.portMapper, version: 2)) != nil
        try await GaneshaNode.with { node in
            _ = try await node.exporter.serve([])
            try await rpcbind.null(.portMapper, version: 2)
            let log = try String(contentsOfFile: "\(node.stateDirectory)/ganesha.log", encoding: .utf8)
            #expect(log.contains("NFS SERVER INITIALIZED"))
            #expect(!log.contains("connect to statd failed"))
            try await node.exporter.stop()
        }
        // Another server of another test may have begun to use it; then it is rightly kept.
        if !ranBefore {
            await #expect(throws: NFSError.self) { try await rpcbind.null(.portMapper, version: 2) }
        }
    }

    @Test("rpcbind and statd that die are started again, and know the server as before")
    func helperDeath() async throws {
        try await GaneshaNode.with { node in
            _ = try await node.exporter.serve([])
            // Only those that were started by this very server may be killed.
            let record = try #require(try ServerRecord.load("\(node.stateDirectory)/server.json"))
            guard let rpcbind = record.helpers.rpcbind, let statd = record.helpers.statd else { return }
            let portMapper = PortMapper()
            let own: Set<UInt16> = [node.settings.nfsPort, node.settings.mountdPort, node.settings.lockManagerPort]
            let registered = { (list: [PortMapper.Registration]?) in
                Set((list ?? []).filter { registration in registration.port.map(own.contains) ?? false })
            }
            let before = registered(await portMapper.registrations())
            #expect(before == Set(node.settings.registrations))
            var exits = node.exporter.exits.makeAsyncIterator()
            try statd.signal(SIGKILL)
            try rpcbind.signal(SIGKILL)
            #expect(await exits.next() != nil)
            try await rpcbind.waitForExit()
            #expect(await portMapper.registrations() == nil)
            #expect(try await node.exporter.serve([]) == .changed)
            #expect(registered(await portMapper.registrations()) == before)
            #expect(await portMapper.registrations()?.contains { $0.program == PortMapper.statusMonitor } == true)
            #expect(try await node.exporter.serve([]) == .unchanged)
        }
    }

    @Test("500 exports are started together, listed in full, taken over unchanged, and one more is added and withdrawn")
    func manyExports() async throws {
        try await GaneshaNode.with { node in
            var exports: [Export] = []
            for number: UInt16 in 1...500 {
                let path = "\(node.directory)/many/\(number)"
                try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
                let fsid = try #require(VolumeID("5e9f1a70-0000-4000-8000-\(String(format: "%012x", number))"))
                exports.append(
                    Export(
                        id: try #require(ExportID(number)), fsid: .uuid(fsid), path: MountPath(path), squash: .root,
                        clients: try ClientRule.normalized([
                            ClientRule(address: try ClientAddress("10.0.0.0/8"), access: .readWrite)
                        ])))
            }
            #expect(try await node.exporter.serve(exports) == .changed)
            #expect(try await Set(node.exporter.exports()) == Set(exports.map(ObservedExport.init)))
            #expect(try await node.nextLife().serve(exports.shuffled()) == .unchanged)
            let more = try await node.export(501)
            #expect(try await node.exporter.ensure(more) == .changed)
            #expect(try await node.exporter.withdraw(more) == .changed)
            #expect(try await node.exporter.exports().count == 500)
        }
    }
}

extension GaneshaNode {
    nonisolated func probe(_ program: RPCProbe.Program, _ transport: RPCProbe.Transport) -> RPCProbe {
        let port =
            switch program {
            case .nfs: settings.nfsPort
            case .mountd: settings.mountdPort
            case .lockManager: settings.lockManagerPort
            case .portMapper, .statusMonitor: UInt16(111)
            }
        return RPCProbe(host: "127.0.0.1", port: port, transport: transport)
    }
}
