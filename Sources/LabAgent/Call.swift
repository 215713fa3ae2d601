import Glibc
import LabWire

/// One connection: starts what is asked for, carries its input and output, and says how it ended.
struct Call {
    private let connection: Int32
    private var decoder = FrameDecoder()
    private var pendingInput: [UInt8] = []
    private var inputHasEnded = false
    /// POLLRDHUP of poll(2), which glibc shows only with _GNU_SOURCE.
    private static let hangUp: Int16 = 0x2000
    private var buffer = [UInt8](repeating: 0, count: 65536)

    init(_ connection: Int32) { self.connection = connection }

    /// Returns when the call is over; the connection is closed then.
    mutating func serve() {
        defer { close(connection) }
        do {
            guard case .run(let arguments, let environment) = try firstFrame() else { return }
            var child = try Child(arguments: arguments, environment: environment)
            let hasEnded = (try? carry(&child)) ?? false
            if !hasEnded { child.kill() }
            let status = child.reap()
            if hasEnded { send(status.isSignal ? .signalled(status.number) : .exited(status.number)) }
            for descriptor in [child.input, child.output, child.error, child.end] where descriptor >= 0 {
                close(descriptor)
            }
        } catch let refusal as Refusal {
            send(.refused(refusal.number))
        } catch {
            print("convert2nfs-lab-agent: \(error)")
        }
    }

    private mutating func firstFrame() throws -> Frame {
        while true {
            if let frame = try decoder.next() { return frame }
            guard receive() else { throw FrameError(text: "the connection ended before its call") }
        }
    }

    /// Until the child has ended, and all it said is sent: true. False if the lab went away before.
    private mutating func carry(_ child: inout Child) throws(FrameError) -> Bool {
        while true {
            try takeInput(&child)
            var events = [
                // No more is taken than the child reads; that the lab is gone shows all the same.
                pollfd(fd: connection, events: (pendingInput.isEmpty ? Int16(POLLIN) : 0) | Self.hangUp, revents: 0),
                pollfd(fd: child.end, events: Int16(POLLIN), revents: 0),
                pollfd(fd: child.output, events: Int16(POLLIN), revents: 0),
                pollfd(fd: child.error, events: Int16(POLLIN), revents: 0),
                pollfd(fd: pendingInput.isEmpty ? -1 : child.input, events: Int16(POLLOUT), revents: 0),
            ]
            guard poll(&events, nfds_t(events.count), -1) >= 0 || errno == EINTR else { return false }
            if events[0].revents & ~Int16(POLLIN) != 0 { return false }
            if events[0].revents != 0, !receive() { return false }
            if events[2].revents != 0 { forward(&child.output) { .output($0) } }
            if events[3].revents != 0 { forward(&child.error) { .error($0) } }
            guard events[1].revents != 0 else { continue }
            while forward(&child.output, { .output($0) }) {}
            while forward(&child.error, { .error($0) }) {}
            return true
        }
    }

    private mutating func takeInput(_ child: inout Child) throws(FrameError) {
        while let frame = try decoder.next() {
            switch frame {
            case .input(let bytes): pendingInput += bytes
            case .inputEnd: inputHasEnded = true
            default: throw FrameError(text: "a call is asked for within a call")
            }
        }
        guard child.input >= 0 else { return pendingInput.removeAll() }
        while !pendingInput.isEmpty {
            let count = write(child.input, pendingInput, pendingInput.count)
            if count < 0 {
                if errno == EINTR { continue }
                if errno == EAGAIN { return }
                // It does not read what it is sent; that is its own affair.
                pendingInput.removeAll()
                inputHasEnded = true
                break
            }
            pendingInput.removeFirst(count)
        }
        guard inputHasEnded else { return }
        close(child.input)
        child.input = -1
    }

    /// True if there may be more. A pipe that ended is closed and becomes -1, which poll(2) passes over.
    @discardableResult
    private mutating func forward(_ descriptor: inout Int32, _ frame: ([UInt8]) -> Frame) -> Bool {
        guard descriptor >= 0 else { return false }
        let count = read(descriptor, &buffer, buffer.count)
        if count > 0 {
            send(frame(Array(buffer[..<count])))
            return true
        }
        if count < 0 && errno == EINTR { return true }
        if count < 0 && errno == EAGAIN { return false }
        close(descriptor)
        descriptor = -1
        return false
    }

    /// False if the lab has closed the connection.
    private mutating func receive() -> Bool {
        let count = read(connection, &buffer, buffer.count)
        if count < 0 && errno == EINTR { return true }
        guard count > 0 else { return false }
        decoder.append(buffer[..<count])
        return true
    }

    /// A lab that went away shows when the connection is read next.
    private func send(_ frame: Frame) {
        var rest = frame.encoded[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(connection, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
