import FoundationEssentials
import HostTools
import NodeAPI
import NodeHarness
import StorageCore
import TestSupport
import Testing

@Suite("How the daemon starts", .tags(.integration), .requiresRoot)
struct StartTests {
    @Test("a missing tool stops the start, and the message names it and its package")
    func missingTool() async throws {
        let directory = try TemporaryDirectory()
        let daemon = try DaemonNode(directory: directory.path)
        // A mount namespace of its own, in which the tool is not a program.
        let unshare = Tool(name: "unshare", path: "/usr/bin/unshare")
        let script = "mount --bind /dev/null /usr/sbin/xfs_growfs && exec \"$@\""
        let invocation = Invocation(
            unshare,
            [
                "--mount", "sh", "-euc", script, "sh", "\(try Executables.directory())/convert2nfsd", "run", "--config",
                daemon.configurationFile,
            ],
            environment: Executables.environment)
        let output = try await SystemCommandRunner().run(invocation)
        let words = String(decoding: output.standardError, as: UTF8.self)
        #expect(output.status != .exited(0))
        #expect(words.contains("xfs_growfs"), "\(words)")
        #expect(words.contains("xfsprogs"), "\(words)")
    }

    @Test("a configuration with faults stops the start and names each with its line")
    func faults() async throws {
        let directory = try TemporaryDirectory()
        let file = "\(directory.path)/bad.yaml"
        try Data("nfs: {port: 70000}\nnode: {nam: x}\n".utf8).write(to: URL(filePath: file))
        let tool = Tool(name: "convert2nfsd", path: "\(try Executables.directory())/convert2nfsd")
        let output = try await SystemCommandRunner().run(Invocation(tool, ["--config", file]))
        let words = String(decoding: output.standardError, as: UTF8.self)
        #expect(output.status == .exited(78))
        #expect(words.contains("bad.yaml:1: nfs.port"), "\(words)")
        #expect(words.contains("bad.yaml:2: node.nam"), "\(words)")
    }

    @Test("a socket path that is something else stops the start, and nothing of it is lost", .requiresLoopDevices)
    func foreignSocketPath() async throws {
        let directory = try TemporaryDirectory()
        let daemon = try DaemonNode(directory: directory.path)
        let socket = "\(directory.path)/api.sock"
        try FileManager.default.createDirectory(atPath: "\(socket)/precious", withIntermediateDirectories: true)
        let tool = Tool(name: "convert2nfsd", path: "\(try Executables.directory())/convert2nfsd")
        let output = try await SystemCommandRunner().run(Invocation(tool, ["--config", daemon.configurationFile]))
        let words = String(decoding: output.standardError, as: UTF8.self)
        #expect(output.status == .exited(69))
        #expect(words.contains("is no socket"), "\(words)")
        #expect(FileManager.default.fileExists(atPath: "\(socket)/precious"))
    }

    @Test("the socket is root's alone", .requiresLoopDevices)
    func socketMode() async throws {
        try await withNode { node in
            let path = "\(node.daemon.directory)/api.sock"
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            let mode = try #require(attributes[.posixPermissions] as? Int)
            #expect(mode & 0o077 == 0, "mode \(String(mode, radix: 8))")
        }
    }
}
