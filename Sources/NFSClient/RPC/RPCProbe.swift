import Glibc
import HostTools

/// Asks an RPC server whether it speaks a program's version, without mounting anything (RFC 5531). Needs no privileges.
package actor RPCProbe {
    package enum Transport: String, Sendable, CaseIterable {
        case tcp
        case udp
    }

    /// RPC program numbers as IANA assigned them.
    package enum Program: UInt32, Sendable, CaseIterable {
        case portMapper = 100_000
        case nfs = 100_003
        case mountd = 100_005
        case lockManager = 100_021
        case statusMonitor = 100_024
    }

    /// What a server answers to EXCHANGE_ID (RFC 8881, section 18.35).
    package struct ServerIdentity: Sendable, Equatable {
        package let clientID: UInt64
        package let owner: [UInt8]
        package let scope: [UInt8]
    }

    private nonisolated let executor = BlockingExecutor(label: "rpc-probe")
    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let host: String
    private let port: UInt16
    private let transport: Transport
    private let deadline: Duration

    package init(host: String, port: UInt16, transport: Transport = .tcp, deadline: Duration = .seconds(5)) {
        self.host = host
        self.port = port
        self.transport = transport
        self.deadline = deadline
    }

    /// The NULL procedure, which every version of every program has. Throws `EPROTONOSUPPORT` when the program or its
    /// version is not there, else the errno of the network.
    package func null(_ program: Program, version: UInt32) throws(NFSError) {
        _ = try call("NULL of \(program) version \(version)", program, version, procedure: 0, arguments: [])
    }

    /// Where the port mapper that is asked says that the program listens (RFC 1833, section 3.2, PMAPPROC_GETPORT); nil if
    /// nobody is registered for it.
    package func port(of program: Program, version: UInt32, over transport: Transport) throws(NFSError) -> UInt16? {
        var body = XDRWriter()
        for word in [program.rawValue, version, transport == .tcp ? 6 : 17, 0] as [UInt32] { body.word(word) }
        let what = "GETPORT of \(program)"
        var reply = try call(what, .portMapper, 2, procedure: 3, arguments: body.bytes)
        guard let port = reply.word().flatMap({ UInt16(exactly: $0) }) else { throw malformed(what) }
        return port == 0 ? nil : port
    }

    /// Introduces a client to an NFSv4.1 server, which only one that speaks 4.1 answers: `EPROTONOSUPPORT` if it
    /// answers NFS4ERR_MINOR_VERS_MISMATCH, `EREMOTEIO` for any other status.
    package func exchangeID(owner: String = "convert2nfs-probe") throws(NFSError) -> ServerIdentity {
        let operation = "EXCHANGE_ID"
        var body = XDRWriter()
        body.opaque([])  // tag
        body.word(1)  // minor version
        body.word(1)  // one operation
        body.word(42)  // EXCHANGE_ID
        body.fixed([UInt8](repeating: 1, count: 8))  // verifier of this client's incarnation
        body.opaque(Array(owner.utf8))
        body.word(0)  // flags
        body.word(0)  // SP4_NONE
        body.word(0)  // no implementation id
        var reply = try call(operation, .nfs, 4, procedure: 1, arguments: body.bytes)
        guard let status = reply.word() else { throw malformed(operation) }
        guard status == 0 else {
            let isMinorMismatch = status == 10021
            throw NFSError(
                code: isMinorMismatch ? EPROTONOSUPPORT : EREMOTEIO, operation: operation, message: "status \(status)")
        }
        guard reply.opaque() != nil, reply.word() == 1, reply.word() == 42, reply.word() == 0,
            let clientID = reply.hyper(), reply.word() != nil, reply.word() != nil, reply.word() == 0,
            reply.hyper() != nil, let major = reply.opaque(), let scope = reply.opaque()
        else { throw malformed(operation) }
        return ServerIdentity(clientID: clientID, owner: major, scope: scope)
    }

    /// One call; answers a reader at the procedure's results.
    private func call(
        _ operation: String, _ program: Program, _ version: UInt32, procedure: UInt32, arguments: [UInt8]
    ) throws(NFSError) -> XDRReader {
        let xid = UInt32.random(in: 1 ... .max)
        let what = "\(operation) at \(host):\(port)/\(transport.rawValue)"
        var message = XDRWriter()
        for word in [xid, 0, 2, program.rawValue, version, procedure] { message.word(word) }
        var credential = XDRWriter()  // AUTH_SYS of root, no host name, no groups (RFC 5531, appendix A)
        for word in [0, 0, 0, 0, 0] as [UInt32] { credential.word(word) }
        message.word(1)
        message.opaque(credential.bytes)
        for word in [0, 0] as [UInt32] { message.word(word) }  // no verifier
        let socket = try RPCSocket.connected(
            to: host, port: port, transport: transport, deadline: deadline, operation: what)
        var reply = XDRReader(try socket.exchange(message.bytes + arguments))
        guard reply.word() == xid, reply.word() == 1, let isDenied = reply.word() else { throw malformed(what) }
        guard isDenied == 0 else { throw NFSError(code: EACCES, operation: what, message: "the call was rejected") }
        guard reply.word() != nil, reply.opaque() != nil, let accepted = reply.word() else { throw malformed(what) }
        switch accepted {
        case 0: return reply
        case 1, 2:
            throw NFSError(
                code: EPROTONOSUPPORT, operation: what,
                message: accepted == 1 ? "the server does not have the program" : "the server lacks this version")
        default: throw NFSError(code: EPROTO, operation: what, message: "accept status \(accepted)")
        }
    }

    private func malformed(_ operation: String) -> NFSError {
        NFSError(code: EPROTO, operation: operation, message: "the reply is not what the protocol says")
    }
}
