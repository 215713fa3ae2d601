import Dispatch
import FoundationEssentials
import Glibc
import RBDWire

/// Lines on standard output, whole ones, from any thread. Nobody to read them is the end.
enum Output {
    private static let lock = DispatchSemaphore(value: 1)

    static func write(_ answer: RBDAnswer) {
        guard var bytes = try? JSONEncoder().encode(answer) else { return }
        bytes.append(UInt8(ascii: "\n"))
        lock.wait()
        defer { lock.signal() }
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(1, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { _exit(1) }
            rest = rest.dropFirst(count)
        }
    }
}
