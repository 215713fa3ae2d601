import HostTools
import StorageCore

/// What systemd would start on a node of a pair that is the daemon's to start, in its order (systemctl(1)).
struct HostUnits: Sendable {
    /// Nil where systemd does not run.
    let systemctl: Tool?
    let runner: any CommandRunner

    private static let disabled = ["nfs-server.service", "drbd.service"]
    private static let masked = "nfsdcld.service"
    /// What `set` does, for people.
    static let text = "disable nfs-server and drbd, mask nfsdcld (systemctl)"

    /// Whether something is to be set right.
    func isNeeded() async throws(StorageError) -> Bool {
        guard systemctl != nil else { return false }
        for unit in Self.disabled where try await state(of: unit) == "enabled" { return true }
        return try await !["masked", ""].contains(state(of: Self.masked))
    }

    func set() async throws(StorageError) {
        for unit in Self.disabled where try await state(of: unit) == "enabled" {
            try await run(["disable", unit])
        }
        try await run(["mask", Self.masked])
    }

    /// Empty if there is no such unit.
    private func state(of unit: String) async throws(StorageError) -> String {
        try await run(["show", "--property=UnitFileState", "--value", unit])
    }

    @discardableResult
    private func run(_ arguments: [String]) async throws(StorageError) -> String {
        guard let systemctl else { return "" }
        do throws(HostError) {
            return try await runner.output(of: Invocation(systemctl, arguments)).text.filter { !$0.isNewline }
        } catch {
            throw StorageError(.unavailable, "systemctl \(arguments[0]): \(error)")
        }
    }
}
