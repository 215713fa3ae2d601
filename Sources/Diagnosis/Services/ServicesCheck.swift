import NFSClient
import NodeAPI
import StorageCore

/// Whether the NFS server and the programs beside it answer, asked over the network as clients ask them.
struct ServicesCheck: Check {
    let settings: Doctor.Settings

    var name: String { "services" }

    func run() async throws(StorageError) -> Verdict {
        let target = try await settings.host.look().target.text
        var answers = ServiceAnswers(isKernel: settings.kernel != nil, daemon: settings.daemon)
        await withTaskGroup { group in
            for question in Question.all(settings.nfs) {
                group.addTask { (question, await question.ask(target)) }
            }
            for await (question, failure) in group { answers.failures.updateValue(failure, forKey: question) }
        }
        answers.unregistered = await unregistered(target)
        // statd alone is found by asking for its port.
        if answers.unregistered?.contains(.statusMonitor) == false {
            for transport in RPCProbe.Transport.allCases {
                let question = await Question(statusMonitorAt: target, transport)
                if let question { answers.failures.updateValue(await question.ask(target), forKey: question) }
            }
        }
        return Verdict(findings: answers.findings)
    }

    /// Programs that clients of NFSv3 ask the port mapper for and that it does not know; nil if it does not answer.
    private func unregistered(_ target: String) async -> [RPCProbe.Program]? {
        let probe = RPCProbe(host: target, port: 111, deadline: .seconds(3))
        var missing: [RPCProbe.Program] = []
        for (program, version) in [(.nfs, 3), (.mountd, 3), (.lockManager, 4), (.statusMonitor, 1)]
            as [(RPCProbe.Program, UInt32)]
        {
            do throws(NFSError) {
                if try await probe.port(of: program, version: version, over: .tcp) == nil { missing.append(program) }
            } catch {
                return nil
            }
        }
        return missing
    }
}

/// A call that does nothing, of a program at a port.
struct Question: Hashable, Sendable {
    let program: RPCProbe.Program
    let version: UInt32
    /// Of NFSv4: a client introduces itself, which only a server of that version answers.
    var minorVersion: UInt32?
    let transport: RPCProbe.Transport
    let port: UInt16

    static func all(_ nfs: NodeDocument.NFS) -> [Question] {
        let everywhere: [(RPCProbe.Program, UInt32, UInt16)] = [
            (.portMapper, 2, 111), (.nfs, 3, nfs.port), (.mountd, 3, nfs.mountdPort),
            (.lockManager, 4, nfs.mountdPort + 1),
        ]
        let stateful = [
            Question(program: .nfs, version: 4, transport: .tcp, port: nfs.port),
            Question(program: .nfs, version: 4, minorVersion: 1, transport: .tcp, port: nfs.port),
        ]
        return stateful
            + everywhere.flatMap { program, version, port in
                RPCProbe.Transport.allCases.map {
                    Question(program: program, version: version, transport: $0, port: port)
                }
            }
    }

    /// Nil where the port mapper does not know it.
    init?(statusMonitorAt host: String, _ transport: RPCProbe.Transport) async {
        let mapper = RPCProbe(host: host, port: 111, deadline: .seconds(3))
        guard let port = try? await mapper.port(of: .statusMonitor, version: 1, over: transport) else { return nil }
        self.init(program: .statusMonitor, version: 1, transport: transport, port: port)
    }

    init(
        program: RPCProbe.Program, version: UInt32, minorVersion: UInt32? = nil, transport: RPCProbe.Transport,
        port: UInt16
    ) {
        self.program = program
        self.version = version
        self.minorVersion = minorVersion
        self.transport = transport
        self.port = port
    }

    /// Nil if it is answered.
    func ask(_ host: String) async -> NFSError? {
        let probe = RPCProbe(host: host, port: port, transport: transport, deadline: .seconds(5))
        do throws(NFSError) {
            if minorVersion == nil {
                try await probe.null(program, version: version)
            } else {
                _ = try await probe.exchangeID(owner: ClientNamesCheck.ownName)
            }
            return nil
        } catch {
            // It speaks, and lets nobody in from this machine's own address.
            return error.isDenied ? nil : error
        }
    }
}
