import HostTools
import StorageCore

/// Keeps LVM from the disk below the replicated device, which shows the same volume group (lvm.conf(5), devices/global_filter).
struct LVMFilter: Sendable {
    static let path = "/etc/lvm/lvmlocal.conf"
    static let mark = "# Written by convert2nfsd: LVM is to see the replicated device, not the disk below it."

    let disk: String
    let lvm: Tool
    let runner: any CommandRunner

    /// Whether it is to be written: an operator's own filter may do. A disk that is not LVM's yet is not always shown, so without any
    /// filter it is.
    func isNeeded() async throws(StorageError) -> Bool {
        let text = try text()
        if text.contains(ours) { return false }
        if text.contains(Self.mark) { return true }
        return try await hasFilter() ? try await isSeen() : true
    }

    private func isSeen() async throws(StorageError) -> Bool {
        let seen = try await ask(["pvs", "--all", "--noheadings", "--options", "pv_name"])
        guard let number = try? DeviceNumber.ofBlockDevice(disk) else { return false }
        return seen.split(whereSeparator: \.isWhitespace).contains {
            (try? DeviceNumber.ofBlockDevice(String($0))) == number
        }
    }

    /// What an operator's own filter lacks; nil if there is none, and one may be written.
    func obstacle() async throws(StorageError) -> String? {
        if try text().contains(Self.mark) { return nil }
        guard try await hasFilter() else { return nil }
        return
            "LVM sees \(disk), which lies below the replicated device, and devices/global_filter is set in /etc/lvm already: "
            + "let \(rule) be its first entry"
    }

    /// It ends with 5 where the key is not set (lvmconfig(8)).
    private func hasFilter() async throws(StorageError) -> Bool {
        try await ask(["lvmconfig", "devices/global_filter"], accepting: [0, 5]).contains("global_filter=")
    }

    private var ours: String { "\(Self.mark)\ndevices { global_filter = [ \(rule) ] }\n" }

    private var rule: String { "\"r|^\(disk)$|\"" }

    /// Ensures that LVM does not see it. What else is in the file stays.
    func write() async throws(StorageError) {
        let others = Self.withoutOurs(try text())
        do throws(HostError) {
            try DurableFile.write(Array((others + ours).utf8), to: Self.path, mode: 0o644)
        } catch {
            throw StorageError(.unavailable, "\(Self.path): \(error)")
        }
        guard try await !isSeen() else {
            throw StorageError(.conflict, "LVM still sees \(disk), although \(Self.path) says it must not")
        }
    }

    /// Pure.
    static func withoutOurs(_ text: String) -> String {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        if let start = lines.firstIndex(where: { $0 == mark }) {
            lines.removeSubrange(start..<min(start + 2, lines.count))
        }
        let rest = lines.joined(separator: "\n")
        return rest.isEmpty || rest.hasSuffix("\n") ? rest : rest + "\n"
    }

    private func text() throws(StorageError) -> String {
        do throws(HostError) {
            return String(decoding: try DurableFile.read(Self.path, limit: 1 << 20) ?? [], as: UTF8.self)
        } catch { throw StorageError(.unavailable, "\(Self.path): \(error)") }
    }

    private func ask(_ arguments: [String], accepting: Set<Int32> = [0]) async throws(StorageError) -> String {
        do throws(HostError) {
            return try await runner.output(of: Invocation(lvm, arguments), accepting: accepting).text
        } catch {
            throw StorageError(.unavailable, "LVM: \(error)")
        }
    }
}
