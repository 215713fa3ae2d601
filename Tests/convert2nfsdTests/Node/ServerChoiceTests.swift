import StorageCore
import TestSupport
import Testing

@testable import convert2nfsd

@Suite("The choice of the NFS server")
struct ServerChoiceTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let configured: Configuration.Server
        var recorded: ServerChoice.Server?
        var hasVolumes = false
        var hasRunGanesha = false
        /// Nil if the machine is to say.
        let settled: ServerChoice.Server?
        var warns = false

        var choice: ServerChoice {
            ServerChoice(
                configured: configured, recorded: recorded, hasVolumes: hasVolumes, hasRunGanesha: hasRunGanesha)
        }
        var testDescription: String { "\(choice)" }
    }

    @Test("what is configured holds, then what is recorded, then what old volumes are served by", arguments: cases)
    func settles(_ it: Case) throws {
        #expect(it.choice.settled == it.settled)
        let warning = it.settled.flatMap(it.choice.warning)
        #expect((warning != nil) == it.warns, "\(warning ?? "")")
    }

    static let cases = [
        Case(configured: .kernel, settled: .kernel),
        Case(configured: .ganesha, settled: .ganesha),
        Case(configured: .kernel, hasVolumes: true, hasRunGanesha: true, settled: .kernel),
        Case(configured: .kernel, recorded: .ganesha, settled: .kernel),
        Case(configured: .kernel, recorded: .ganesha, hasVolumes: true, settled: .kernel, warns: true),
        Case(configured: .ganesha, recorded: .kernel, hasVolumes: true, settled: .ganesha, warns: true),
        Case(configured: .ganesha, recorded: .ganesha, hasVolumes: true, settled: .ganesha),
        Case(configured: .auto, settled: nil),
        Case(configured: .auto, hasVolumes: true, settled: .ganesha),
        Case(configured: .auto, hasRunGanesha: true, settled: .ganesha),
        Case(configured: .auto, recorded: .kernel, settled: .kernel),
        Case(configured: .auto, recorded: .kernel, hasVolumes: true, hasRunGanesha: true, settled: .kernel),
        Case(configured: .auto, recorded: .ganesha, hasVolumes: true, settled: .ganesha),
    ]

    @Test("the machine's choice is the kernel's server where that can be had, else NFS-Ganesha")
    func machine() throws {
        #expect(try ServerChoice.among(kernel: nil, ganesha: nil) == .kernel)
        #expect(try ServerChoice.among(kernel: nil, ganesha: "no Ganesha") == .kernel)
        #expect(try ServerChoice.among(kernel: "no nfsd", ganesha: nil) == .ganesha)
    }

    @Test("a machine that can have neither is told what each lacks")
    func neither() {
        let error = #expect(throws: StorageError.self) {
            try ServerChoice.among(kernel: "install K", ganesha: "install G")
        }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("install K") == true && error?.message.contains("install G") == true)
    }

    @Test("a choice is remembered, and one that is no server is refused with the file to mend")
    func record() throws {
        let directory = try TemporaryDirectory()
        let record = ServerRecord(stateDirectory: directory.path)
        #expect(try record.read() == nil)
        for server in [ServerChoice.Server.ganesha, .kernel, .kernel] {
            try record.write(server)
            #expect(try record.read() == server)
            #expect(try directory.lines(of: "nfs-server") == [server.rawValue])
        }
        for text in ["", "knfsd\n", "kernel ganesha\n"] {
            try directory.write(text, to: "nfs-server")
            let error = #expect(throws: StorageError.self) { try record.read() }
            #expect(error?.message.contains(record.path) == true && error?.code == .unavailable)
        }
    }
}
