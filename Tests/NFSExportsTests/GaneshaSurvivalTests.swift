import Foundation
import HostTools
import NFSClient
import StorageCore
import TestSupport
import Testing

@testable import NFSExports

/// What the data path lives through.
extension GaneshaTests.Survival {
    @Test("a server is taken over by a daemon that lost its memory, and nothing of it changes")
    func takeOver() async throws {
        try await GaneshaNode.with { node in
            let exports = [try await node.export(1), try await node.export(2, ["10.0.0.0/8": .readOnly], squash: .all)]
            _ = try await node.exporter.serve(exports)
            let client = try await node.client(exports[0].path)
            let file = try await client.open("/file", creating: true)
            let pid = try await node.serverPID()
            let next = try node.nextLife()
            #expect(try await next.serve(exports) == .unchanged)
            #expect(try await node.serverPID() == pid)
            #expect(try await Set(next.exports()) == Set(exports.map(ObservedExport.init)))
            try await file.write([1], at: 0)
            _ = try await next.withdraw(exports[1])
            #expect(try await node.exporter.exports().map(\.id) == [exports[0].id])
            // What was taken over is watched as well as what was started.
            try await node.killServer()
            var exits = next.exits.makeAsyncIterator()
            #expect(await exits.next() != nil)
        }
    }

    @Test("an export that was changed while the daemon was away is put right, and only that one")
    func drift() async throws {
        try await GaneshaNode.with { node in
            let exports = [try await node.export(1), try await node.export(2), try await node.export(3)]
            _ = try await node.exporter.serve(exports)
            let pid = try await node.serverPID()
            _ = try await node.exporter.withdraw(exports[1])
            _ = try await node.exporter.ensure(node.export(3, ["10.0.0.0/8": .readWrite], squash: .all))
            let next = try node.nextLife()
            #expect(try await next.serve(exports) == .changed)
            #expect(try await Set(next.exports()) == Set(exports.map(ObservedExport.init)))
            #expect(try await node.serverPID() == pid)
        }
    }

    @Test("an open file goes on over the server's death", arguments: NFSConnection.Version.allCases)
    func death(_ version: NFSConnection.Version) async throws {
        try await GaneshaNode.with { node in
            let export = try await node.export(1)
            _ = try await node.exporter.serve([export])
            let client = try await node.client(export.path, version, deadline: .seconds(30))
            let file = try await client.open("/file", creating: true)
            try await file.write([1], at: 0)
            try await file.sync()
            let before = try await client.rootHandle()
            try await node.killServer()
            async let write: Void = file.write([2], at: 1)
            #expect(try await node.exporter.serve([export]) == .changed)
            switch version {
            case .v3:
                try await write
                try await file.write([3], at: 2)
                try await file.sync()
                #expect(try await file.read(10, at: 0) == [1, 2, 3])
                #expect(try await client.rootHandle() == before)
            case .v4:
                // libnfs 4.0 does not reclaim its state after a restart, as the kernel's client does.
                _ = try? await write
            }
            let fresh = try await node.client(export.path, version, deadline: .seconds(30))
            #expect(try await fresh.read("/file").first == 1)
            #expect(try await fresh.rootHandle() == before)
        }
    }

    @Test("a daemon that heard of nothing yet finds an export that is served already, and changes it")
    func unheard() async throws {
        try await GaneshaNode.with { node in
            let export = try await node.export(1)
            _ = try await node.exporter.serve([export])
            #expect(try await node.nextLife().ensure(export) == .unchanged)
            let changed = try await node.export(1, ["10.0.0.0/8": .readOnly])
            #expect(try await node.nextLife().ensure(changed) == .changed)
            #expect(try await node.nextLife().exports() == [ObservedExport(changed)])
            #expect(try await node.nextLife().withdraw(changed) == .changed)
            // The first exporter still believes that it is served.
            #expect(try await node.exporter.ensure(export) == .changed)
            #expect(try await node.exporter.exports() == [ObservedExport(export)])
        }
    }

    @Test("the end of the server is told, and a stop that was asked for is not")
    func exits() async throws {
        try await GaneshaNode.with { node in
            _ = try await node.exporter.serve([])
            var exits = node.exporter.exits.makeAsyncIterator()
            try await node.killServer()
            #expect(await exits.next() != nil)
            // The bus is still there, and is replaced with the server.
            #expect(try await node.exporter.serve([]) == .changed)
            try await node.exporter.stop()
            #expect(try await node.exporter.serve([]) == .changed)
            let quiet = Task { await exits.next() != nil }
            try await node.exporter.stop()
            quiet.cancel()
            #expect(await quiet.value == false)
        }
    }

    @Test("a server whose bus was killed is brought back with all its exports")
    func busDeath() async throws {
        try await GaneshaNode.with { node in
            let export = try await node.export(1)
            _ = try await node.exporter.serve([export])
            try await node.killBus()
            #expect(try await node.exporter.serve([export]) == .changed)
            #expect(try await node.exporter.exports() == [ObservedExport(export)])
            _ = try await node.client(export.path)
        }
    }

    @Test("a server that runs with other settings is restarted with those that are wanted")
    func otherSettings() async throws {
        try await GaneshaNode.with { node in
            let export = try await node.export(1)
            _ = try await node.exporter.serve([export])
            let pid = try await node.serverPID()
            let next = try node.nextLife { $0.leaseSeconds = 9 }
            #expect(try await next.serve([export]) == .changed)
            #expect(try await node.serverPID() != pid)
            #expect(try await next.serve([export]) == .unchanged)
            #expect(try await next.exports() == [ObservedExport(export)])
        }
    }

    @Test("a server whose identity was not written down, as after a kill in the middle of a start, is replaced")
    func lostRecord() async throws {
        try await GaneshaNode.with { node in
            let export = try await node.export(1)
            _ = try await node.exporter.serve([export])
            let pid = try await node.serverPID()
            try FileManager.default.removeItem(atPath: "\(node.stateDirectory)/server.json")
            let next = try node.nextLife()
            #expect(try await next.serve([export]) == .changed)
            #expect(try await node.serverPID() != pid)
            _ = try await node.client(export.path)
        }
    }

    @Test("what rpcbind was told to forget it is told again by the next look at the exports")
    func registrations() async throws {
        try await GaneshaNode.with { node in
            _ = try await node.exporter.serve([try await node.export(1)])
            let known = { await PortMapper().registrations() ?? [] }
            let own = Set(node.settings.registrations)
            let before = await known().filter { one in own.contains { $0.isServed(by: one) } }.count
            #expect(before > 0)
            let rpcinfo = Tool(name: "rpcinfo", path: "/usr/sbin/rpcinfo")
            for (program, version) in [("100003", "3"), ("100003", "4"), ("100005", "1"), ("100005", "3")] {
                try await SystemCommandRunner().output(of: Invocation(rpcinfo, ["-d", program, version]))
            }
            #expect(await known().filter { one in own.contains { $0.isServed(by: one) } }.count < before)
            _ = try await node.exporter.exports()
            #expect(await known().filter { one in own.contains { $0.isServed(by: one) } }.count == before)
        }
    }

    @Test("two calls to serve at once start one server")
    func concurrentServe() async throws {
        try await GaneshaNode.with { node in
            let export = try await node.export(1)
            async let first = node.exporter.serve([export])
            async let second = node.exporter.serve([export])
            #expect(try await [first, second].filter { $0 == .changed }.count == 1)
        }
    }

    @Test("a port that is taken is told with the server's own words, and nothing is left running")
    func takenPort() async throws {
        try await GaneshaNode.with { first in
            _ = try await first.exporter.serve([])
            let port = first.settings.nfsPort
            try await GaneshaNode.with({ $0.nfsPort = port }) { second in
                await #expect {
                    _ = try await second.exporter.serve([])
                } throws: { error in
                    guard let error = error as? StorageError else { return false }
                    return error.code == .unavailable && error.message.contains("bind")
                }
                let survivor = try await second.serverPID()
                #expect(survivor == nil)
            }
            #expect(try await first.exporter.serve([]) == .unchanged)
        }
    }

    @Test("one export that cannot be served is told in the server's words and keeps no other from being served")
    func badExport() async throws {
        try await GaneshaNode.with { node in
            let good = try await node.export(1)
            let template = try await node.export(2)
            let bad = Export(
                id: template.id, fsid: template.fsid, path: MountPath("\(node.directory)/absent"), squash: .none,
                clients: template.clients)
            for _ in 1...2 {
                await #expect {
                    _ = try await node.exporter.serve([bad, good])
                } throws: { error in
                    guard let error = error as? StorageError else { return false }
                    return error.code == .internal && error.message.contains("validation errors")
                }
                #expect(try await node.exporter.exports() == [ObservedExport(good)])
            }
            await #expect {
                _ = try await node.exporter.ensure(bad)
            } throws: { ($0 as? StorageError)?.message.contains("validation errors") == true }
        }
    }
}
