import Glibc
import HostTools
import LabWire

/// One call, from its connection to its end. Blocks its thread.
struct AgentConnection: ~Copyable {
    private let socket: Int32
    private let address: String
    private let deadline: Duration
    private let end: ContinuousClock.Instant
    private let token: CancellationToken

    init(to address: String, port: UInt16, deadline: Duration, _ token: CancellationToken) throws(HostError) {
        self.address = address
        self.deadline = deadline
        end = ContinuousClock.now + deadline
        self.token = token
        socket = Glibc.socket(
            AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        var peer = sockaddr_in()
        peer.sin_family = sa_family_t(AF_INET)
        peer.sin_port = port.bigEndian
        inet_pton(AF_INET, address, &peer.sin_addr)
        let result = withUnsafePointer(to: &peer) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 || errno == EINPROGRESS else { throw failure("connect") }
        _ = try wait(for: POLLOUT)
        var number: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(socket, SOL_SOCKET, SO_ERROR, &number, &length)
        guard number == 0 else { throw failure("connect", number) }
    }

    deinit { close(socket) }

    func call(_ invocation: Invocation) throws(HostError) -> CommandOutput {
        let environment = invocation.fullEnvironment.map { "\($0.key)=\($0.value)" }
        var unsent = Frame.run(arguments: [invocation.tool.path] + invocation.arguments, environment: environment)
            .encoded[...]
        var input = invocation.standardInput[...]
        var inputHasEnded = false
        var decoder = FrameDecoder()
        var answer = Answer(invocation)
        var buffer = [UInt8](repeating: 0, count: 1 << 17)
        while true {
            if unsent.isEmpty && !inputHasEnded {
                inputHasEnded = input.isEmpty
                unsent = (inputHasEnded ? Frame.inputEnd : .input(Array(input.prefix(Frame.limit)))).encoded[...]
                input = input.dropFirst(Frame.limit)
            }
            let events = try wait(for: unsent.isEmpty ? POLLIN : POLLIN | POLLOUT)
            if events & Int16(POLLOUT) != 0 {
                let count = unsent.withUnsafeBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                if count > 0 { unsent = unsent.dropFirst(count) }
            }
            guard events & ~Int16(POLLOUT) != 0 else { continue }
            let count = read(socket, &buffer, buffer.count)
            if count < 0 && (errno == EAGAIN || errno == EINTR) { continue }
            guard count > 0 else { throw failure("read", count < 0 ? errno : ECONNRESET) }
            decoder.append(buffer[..<count])
            do throws(FrameError) {
                while let frame = try decoder.next() {
                    if let output = answer.take(frame) { return output }
                }
            } catch {
                throw HostError.unexpected("the agent at \(address): \(error.text)")
            }
            if let fault = answer.fault { throw fault }
        }
    }

    /// poll(2) in short turns, because a cancelled token wakes nobody.
    private func wait(for events: Int32) throws(HostError) -> Int16 {
        while true {
            try token.check()
            guard ContinuousClock.now < end else {
                throw HostError.timedOut(what: "the call of the agent at \(address)", after: deadline)
            }
            var one = pollfd(fd: socket, events: Int16(events), revents: 0)
            if poll(&one, 1, 50) > 0 { return one.revents }
        }
    }

    private func failure(_ call: String, _ number: Int32 = errno) -> HostError {
        .systemCall(name: call, errno: number, subject: "the agent at \(address)")
    }
}

/// What a call has said so far.
private struct Answer {
    private let invocation: Invocation
    private var output: [UInt8] = []
    private var error: [UInt8] = []
    /// What makes all else it says of no use.
    private(set) var fault: HostError?

    init(_ invocation: Invocation) { self.invocation = invocation }

    /// The whole of it with the last frame; nil before, and when there is a fault.
    mutating func take(_ frame: Frame) -> CommandOutput? {
        switch frame {
        case .output(let bytes): output += bytes
        case .error(let bytes): error += bytes
        case .exited(let status): return ended(.exited(status))
        case .signalled(let number): return ended(.signalled(number))
        case .refused(let number):
            fault = .systemCall(name: "spawn", errno: number, subject: invocation.tool.path)
        case .run, .input, .inputEnd: fault = .unexpected("the agent asks instead of answering")
        }
        if max(output.count, error.count) > invocation.outputLimit {
            fault = .outputLimitExceeded(name: invocation.tool.name, limit: invocation.outputLimit)
        }
        return nil
    }

    private func ended(_ status: ExitStatus) -> CommandOutput {
        CommandOutput(status: status, standardOutput: output, standardError: error)
    }
}
