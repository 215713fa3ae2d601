import Glibc
import HostTools
import NFSClient
import NFSExports
import StorageCore
import TestSupport
import Testing

/// What becomes of a server that lives and does not answer.
extension GaneshaTests.Survival {
    private static var patience: Patience {
        var patience = Patience()
        patience.silence = .seconds(1)
        patience.busAnswer = .milliseconds(500)
        patience.clientAnswer = .milliseconds(500)
        return patience
    }

    /// Expects `unavailable` with words like these.
    private func refusal(of exporter: GaneshaExporter, _ exports: [Export]) async -> String {
        do throws(StorageError) {
            _ = try await exporter.serve(exports)
            return "served"
        } catch {
            return "\(error.code) \(error.message)"
        }
    }

    @Test("a server that hangs is given time, then replaced with all exports, and an open file goes on")
    func hang() async throws {
        try await GaneshaNode.with { node in
            let exporter = try node.nextLife(patience: Self.patience)
            let exports = [try await node.export(1), try await node.export(2)]
            _ = try await exporter.serve(exports)
            let client = try await node.client(exports[0].path, deadline: .seconds(30))
            let file = try await client.open("/file", creating: true)
            try await file.write([1, 2], at: 0)
            try await file.sync()
            let pid = try await node.serverPID()
            try await node.signalServer(SIGSTOP)
            async let reading = file.read(10, at: 0)
            for _ in 1...2 {
                let words = await refusal(of: exporter, exports)
                #expect(words.contains("unavailable") && words.contains("neither its bus nor its clients"))
                #expect(try await node.serverPID() == pid)
            }
            // A moment of life and all begins anew.
            try await node.signalServer(SIGCONT)
            #expect(try await exporter.serve(exports) == .unchanged)
            #expect(try await reading == [1, 2])
            try await node.signalServer(SIGSTOP)
            async let readingOn = file.read(10, at: 0)
            for _ in 1...2 {
                _ = await refusal(of: exporter, exports)
                #expect(try await node.serverPID() == pid)
            }
            #expect(try await exporter.serve(exports) == .changed)
            #expect(try await node.serverPID() != pid)
            #expect(try await readingOn == [1, 2])
            try await file.write([3], at: 2)
            #expect(try await file.read(10, at: 0) == [1, 2, 3])
            #expect(try await Set(exporter.exports()) == Set(exports.map(ObservedExport.init)))
            #expect(try await exporter.serve(exports) == .unchanged)
        }
    }

    @Test("a server that serves its clients is left alone when it cannot be managed")
    func unmanageable() async throws {
        try await GaneshaNode.with { node in
            let exporter = try node.nextLife(patience: Self.patience)
            let export = try await node.export(1)
            _ = try await exporter.serve([export])
            let pid = try await node.serverPID()
            try await node.signalBus(SIGSTOP)
            for _ in 1...4 {
                let words = await refusal(of: exporter, [export])
                #expect(words.contains("unavailable") && words.contains("cannot be managed"))
            }
            #expect(try await node.serverPID() == pid)
            _ = try await node.client(export.path)
            try await node.signalBus(SIGCONT)
            #expect(try await exporter.serve([export]) == .unchanged)
            #expect(try await node.serverPID() == pid)
        }
    }

    @Test("a server that waits for a frozen volume does not count as hung")
    func frozen() async throws {
        try await GaneshaNode.with { node in
            let exporter = try node.nextLife(patience: Self.patience)
            let export = try await node.export(1)
            _ = try await exporter.serve([export])
            let client = try await node.client(export.path, deadline: .seconds(30))
            let file = try await client.open("/file", creating: true)
            let pid = try #require(try await node.serverPID())
            let server = try #require(try ProcessIdentity.current(of: pid))
            #expect(try FilesystemControl.freeze(export.path.value))
            async let writing: Void = file.write([1], at: 0)
            try await eventually("a thread waits for the thaw") { try server.waitsInKernel() }
            try await node.signalServer(SIGSTOP)
            for _ in 1...4 {
                #expect(await refusal(of: exporter, [export]).contains("frozen"))
                #expect(try await node.serverPID() == pid)
            }
            try await node.signalServer(SIGCONT)
            _ = try FilesystemControl.thaw(export.path.value)
            try await writing
            #expect(try await exporter.serve([export]) == .unchanged)
        }
    }
}
