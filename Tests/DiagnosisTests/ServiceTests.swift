import Glibc
import NFSClient
import NodeAPI
import StorageCore
import TestSupport
import Testing

@testable import Diagnosis

@Suite("What services answer", .tags(.unit))
struct ServiceTests {
    private static let nfs = NodeDocument.NFS(server: "kernel", address: "10.0.0.1", port: 2049, mountdPort: 20048)

    private static func answers(
        _ code: Int32, unregistered: [RPCProbe.Program]? = [], where isSilent: (Question) -> Bool
    ) -> ServiceAnswers {
        var answers = ServiceAnswers(isKernel: true, daemon: Samples.daemon)
        for question in Question.all(nfs) {
            let error = NFSError(code: code, operation: "NULL", message: "")
            answers.failures.updateValue(isSilent(question) ? error : nil, forKey: question)
        }
        answers.unregistered = unregistered
        return answers
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let fault: Fault?
        var code = ECONNREFUSED
        var unregistered: [RPCProbe.Program]? = []
        let isSilent: @Sendable (Question) -> Bool
        var testDescription: String { fault?.rawValue ?? "all is well" }
    }

    @Test(
        "each silence is one finding",
        arguments: [
            Case(fault: nil) { _ in false },
            Case(fault: .nfsdSilent) { $0.program == .nfs },
            Case(fault: .nfsdSilent, code: ETIMEDOUT) { $0.program == .nfs && $0.transport == .tcp },
            Case(fault: .udpOff) { $0.program == .nfs && $0.transport == .udp },
            Case(fault: .nfsVersionOff, code: EPROTONOSUPPORT) { $0.minorVersion == 1 },
            Case(fault: .nfsVersionOff, code: EPROTONOSUPPORT) { $0.program == .nfs && $0.version == 3 },
            Case(fault: .mountdSilent) { $0.program == .mountd && $0.transport == .udp },
            Case(fault: .lockManagerSilent) { $0.program == .lockManager },
            Case(fault: .portmapperSilent, unregistered: nil) { $0.program == .portMapper },
            Case(fault: .statusMonitorSilent, unregistered: [.statusMonitor]) { _ in false },
            Case(fault: .notRegistered, unregistered: [.mountd, .nfs]) { _ in false },
            // Why it is not registered is said already.
            Case(fault: .mountdSilent, unregistered: [.mountd]) { $0.program == .mountd },
        ])
    func silences(_ case: Case) {
        let found = Self.answers(`case`.code, unregistered: `case`.unregistered, where: `case`.isSilent).findings
        #expect(found.map(\.check) == [`case`.fault].compactMap { $0?.rawValue })
    }

    @Test("the version that is not spoken is named")
    func version() {
        let found = Self.answers(EPROTONOSUPPORT) { $0.program == .nfs && $0.version == 4 }.findings
        #expect(found.first?.message == "the NFS server does not speak NFS 4, 4.1")
    }

    /// As Linux 6.1 shows them.
    private static func info(_ address: String, _ name: String) -> String {
        """
        clientid: 0x4b2a9c5f6925a1d3
        address: "\(address)"
        status: confirmed
        seconds from last renew: 3
        name: "\(name)"
        minor version: 1

        """
    }

    @Test("NFSv4 clients of one name at different addresses cancel each other's locks")
    func names() throws {
        let texts = [
            ("10.0.0.7:801", "Linux NFSv4.1 web"), ("10.0.0.7:912", "Linux NFSv4.1 web"),
            ("10.0.0.8:801", "Linux NFSv4.1 db"), ("10.0.0.9:700", "Linux NFSv4.1 web"),
            ("10.0.0.1:700", ClientNamesCheck.ownName), ("[fd00::1]:700", ClientNamesCheck.ownName),
        ]
        let clients = texts.compactMap { ClientNamesCheck.Client(Self.info($0.0, $0.1)) }
        #expect(clients.count == 4)
        let found = ClientNamesCheck.findings(Set(clients))
        #expect(found.map(\.check) == ["same-hostname-clients"])
        #expect(found.first?.evidence == "\"Linux NFSv4.1 web\": 10.0.0.7, 10.0.0.9")
        #expect(ClientNamesCheck.findings(Set(clients.prefix(3))) == [])
    }

    @Test("an address that the node does not have is told of, a loopback noted")
    func address() {
        typealias Facts = ServiceHost.Facts
        let here = Facts(addresses: ["10.0.0.1"], local: [.init(interface: "eth0", text: "10.0.0.1")])
        #expect(AddressCheck.judge(here, of: "10.0.0.1") == Verdict())
        let away = AddressCheck.judge(Facts(addresses: ["10.0.0.2"], local: []), of: "nas")
        #expect(away.findings.map(\.check) == ["address-not-here"])
        let unknown = AddressCheck.judge(Facts(addresses: [], local: []), of: "nas")
        #expect(unknown.findings.first?.evidence == "nas does not resolve")
        let loopback = Facts(addresses: ["127.0.0.1"], local: [.init(interface: "lo", text: "127.0.0.1")])
        #expect(AddressCheck.judge(loopback, of: "localhost").findings == [])
        #expect(AddressCheck.judge(loopback, of: "localhost").notes.count == 1)
    }
}
