import CHostShims
import Glibc

/// Which process this is, for longer than its number: the number may be given to another process once it has ended, and
/// after a reboot. It can be written down and recognised by the next life of the daemon.
package struct ProcessIdentity: Hashable, Sendable, Codable {
    package let pid: Int32
    /// In clock ticks since boot (proc_pid_stat(5), field 22).
    package let startTime: UInt64
    /// Of the boot `startTime` counts from (random(4), boot_id).
    package let bootID: String
    /// Absolute path of the program, as it was when the process was started.
    package let executable: String

    /// The process that has this number now; nil if there is none or it is a zombie. Needs the right to read
    /// `/proc/PID/exe` (ptrace(2)), which root has.
    package static func current(of pid: Int32) throws(HostError) -> ProcessIdentity? {
        guard let status = try ProcessStatus.read(pid), !status.isZombie else { return nil }
        guard let executable = try executable(of: pid) else { return nil }
        return ProcessIdentity(
            pid: pid, startTime: status.startTime, bootID: try bootID(), executable: executable)
    }

    /// Whether the process still runs. A zombie does not; if it is a child of this process it is reaped on the way.
    package func isAlive() throws(HostError) -> Bool {
        guard let status = try matchingStatus() else { return false }
        guard status.isZombie else { return true }
        if status.parent == getpid() { try reap() }
        return false
    }

    /// Whether one of its threads waits in the kernel where no signal reaches it (state D in proc_pid_stat(5)), as for a
    /// device that is slow or a filesystem that is frozen. False if the process is gone.
    package func waitsInKernel() throws(HostError) -> Bool {
        guard try matchingStatus() != nil else { return false }
        for thread in try Directory.names(in: "/proc/\(pid)/task") ?? [] {
            if try ProcessStatus.read("/proc/\(pid)/task/\(thread)")?.state == "D" { return true }
        }
        return false
    }

    /// Whether it is in the network and mount namespaces of this process (namespaces(7)), and so none of a container. False if
    /// it is gone.
    package func sharesNamespaces() throws(HostError) -> Bool {
        for kind in ["net", "mnt"] {
            let own = try linkTarget("/proc/self/ns/\(kind)")
            guard try linkTarget("/proc/\(pid)/ns/\(kind)") == own else { return false }
        }
        return true
    }

    /// The state of the very process, or nil if it is gone.
    func matchingStatus() throws(HostError) -> ProcessStatus? {
        guard let status = try ProcessStatus.read(pid), status.startTime == startTime,
            try Self.bootID() == bootID
        else { return nil }
        return status
    }

    /// A descriptor of the very process (pidfd_open(2)), which stays on it when the number is given to another; nil if
    /// the process is gone. A zombie still has one.
    func descriptor() throws(HostError) -> Descriptor? {
        let raw = host_pidfd_open(pid)
        if raw < 0 {
            if errno == ESRCH || errno == EINVAL { return nil }
            throw HostError.systemCall(name: "pidfd_open", errno: errno, subject: "process \(pid)")
        }
        let descriptor = Descriptor(adopting: raw)
        // Looked at after it was opened: what matches now is what the descriptor is of.
        guard try matchingStatus() != nil else { return nil }
        return descriptor
    }

    private func reap() throws(HostError) {
        guard let descriptor = try descriptor() else { return }
        let result = host_pidfd_reap(descriptor.raw)
        // ECHILD: another call reaped it in between.
        if result != 0 && errno != ECHILD {
            throw HostError.systemCall(name: "waitid", errno: errno, subject: "process \(pid)")
        }
    }

    private static func bootID() throws(HostError) -> String {
        let bytes = try DurableFile.read("/proc/sys/kernel/random/boot_id", limit: 128) ?? []
        return String(decoding: bytes.prefix { $0 != 0x0A }, as: UTF8.self)
    }

    /// proc_pid_exe(5): the link reads `PATH (deleted)` once the file was replaced, as by an upgrade.
    private static func executable(of pid: Int32) throws(HostError) -> String? {
        guard let path = try linkTarget("/proc/\(pid)/exe") else { return nil }
        let mark = " (deleted)"
        return path.hasSuffix(mark) ? String(path.dropLast(mark.count)) : path
    }
}

/// What `/proc/PID/stat` says of a process (proc_pid_stat(5)).
struct ProcessStatus: Hashable, Sendable {
    let state: Character
    let parent: Int32
    let startTime: UInt64

    /// Z is a zombie; X and x are dead, seen for an instant.
    var isZombie: Bool { "ZXx".contains(state) }

    /// Nil if there is no such process.
    static func read(_ pid: Int32) throws(HostError) -> ProcessStatus? { try read("/proc/\(pid)") }

    /// Of the process or thread that has this directory; nil if it is gone.
    static func read(_ directory: String) throws(HostError) -> ProcessStatus? {
        do {
            guard let bytes = try DurableFile.read("\(directory)/stat", limit: 8192) else { return nil }
            return try parse(String(decoding: bytes, as: UTF8.self))
        } catch HostError.systemCall(_, ESRCH, _) {
            return nil
        }
    }

    /// The name in field 2 is in parentheses and may hold any character, so fields are counted from the last `)`.
    static func parse(_ text: String) throws(HostError) -> ProcessStatus {
        let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
        // Field 3 (state) is the first after the name, so field n is at n - 2.
        guard fields.count > 20, let state = fields[1].first, let parent = Int32(fields[2]),
            let startTime = UInt64(fields[20])
        else { throw HostError.unexpected("\"\(text.prefix(200))\" is not the status of a process (proc_pid_stat(5))") }
        return ProcessStatus(state: state, parent: parent, startTime: startTime)
    }
}
