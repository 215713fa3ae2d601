import Glibc
import HostTools

/// The files by which the kernel's server is looked at and told things (nfsd(7)). All calls block shortly; writing needs
/// root.
struct KernelControl: Sendable {
    let directory: String

    /// Nil while the filesystem is not mounted: then no server runs.
    func facts() throws(HostError) -> KernelFacts? {
        guard let threads = try text("threads").flatMap({ Int($0) }) else { return nil }
        return KernelFacts(
            threads: threads,
            ports: Set(try text("portlist")?.split(separator: "\n").map(String.init) ?? []),
            versions: Set(try text("versions")?.split(separator: " ").map(String.init) ?? []),
            leaseSeconds: try text("nfsv4leasetime").flatMap { Int($0) },
            graceSeconds: try text("nfsv4gracetime").flatMap { Int($0) })
    }

    /// Takes back the locks that NFSv3 clients hold below `path`; and from Linux 6.9 on, what NFSv4 clients hold.
    func releaseLocks(_ path: String) throws(HostError) {
        try ControlFile.write("\(path)\n", to: "\(directory)/unlock_filesystem")
    }

    /// What the kernel still has of mountd's answers about a path. Any of it holds the filesystem.
    enum Memory: Comparable {
        case none
        /// It goes when the kernel next looks through its caches (`sweep`); or is a refusal, which goes with the next flush.
        case expired
        case served
    }

    func memory(of path: String) throws(HostError) -> Memory {
        var memory = Memory.none
        for table in Self.tables {
            memory = max(memory, Self.memory(of: path, in: try ControlFile.read("\(table)/content") ?? ""))
        }
        return memory
    }

    private static let tables = ["/proc/net/rpc/nfsd.export", "/proc/net/rpc/nfsd.fh"]

    /// From the content of one of the two tables. Before what has expired, and before refusals, stands a `#`
    /// (net/sunrpc/cache.c, c_show).
    static func memory(of path: String, in content: String) -> Memory {
        let escaped = path.utf8.map { $0 == 0x20 ? "\\040" : String(UnicodeScalar($0)) }.joined()
        return content.split(separator: "\n").map { line in
            guard line.split(whereSeparator: \.isWhitespace).contains(where: { $0 == escaped }) else { return .none }
            return line.hasPrefix("#") ? .expired : .served
        }.max() ?? .none
    }

    /// Makes the kernel forget whom it refused the path, which nobody is served. Such an answer holds the filesystem, and comes back
    /// with whoever asks again.
    func endRefusals(of path: String) throws(HostError) {
        guard try memory(of: path) == .expired else { return }
        for table in Self.tables { try ControlFile.write("1\n", to: "\(table)/flush") }
    }

    /// How long the kernel keeps what has expired, or since when it does not any more (negative, in whole seconds). A table
    /// is flushed as of a second of its own: each flush within the second of the last one is of the next second, and the
    /// table is not looked through before that has come (net/sunrpc/cache.c, write_flush and cache_clean). exportfs(8)
    /// flushes at every change.
    func lead() throws(HostError) -> Duration {
        var latest = 0
        for table in Self.tables {
            latest = max(latest, try ControlFile.read("\(table)/flush").flatMap { Int($0) } ?? 0)
        }
        return .seconds(latest - time(nil))
    }

    /// Makes the kernel look through all its tables: a flush of any of them does, and this one is not waited for by anybody.
    func sweep() throws(HostError) {
        try ControlFile.write("1\n", to: "/proc/net/rpc/auth.unix.gid/flush")
    }

    /// A client of NFSv4 with what it holds.
    struct Holder: Hashable, Sendable {
        /// Its directory's name.
        let number: String
        /// `10.0.0.7:801`.
        let address: String
        /// Names of the files.
        let files: [String]
    }

    /// Those that have opens, locks or delegations in the filesystem on `device`.
    func holders(on device: DeviceNumber) throws(HostError) -> [Holder] {
        var holders: [Holder] = []
        for number in try Directory.names(in: "\(directory)/clients") ?? [] {
            // One that ends meanwhile holds nothing.
            guard let states = try? text("clients/\(number)/states"), let info = try? text("clients/\(number)/info")
            else { continue }
            let files = Self.files(of: states, on: device)
            guard !files.isEmpty else { continue }
            holders.append(Holder(number: number, address: Self.value("address", in: info) ?? "unknown", files: files))
        }
        return holders.sorted { $0.number < $1.number }
    }

    /// Takes everything back that the client holds, on other filesystems too: this kernel knows no narrower way. A client
    /// that lives opens its files anew.
    func expire(_ holder: Holder) throws(HostError) {
        do throws(HostError) {
            try ControlFile.write("expire\n", to: "\(directory)/clients/\(holder.number)/ctl")
        } catch  where error.errorNumber == ENOENT {
            return
        }
    }

    /// From lines like `- 0x…: { type: open, access: rw, deny: --, superblock: "fe:00:131", filename: "/a", … }`.
    static func files(of states: String, on device: DeviceNumber) -> [String] {
        let hex = [device.major, device.minor].map { number in
            let digits = String(number, radix: 16)
            return digits.count < 2 ? "0" + digits : digits
        }
        let mark = "superblock: \"\(hex[0]):\(hex[1]):"
        return states.split(separator: "\n").filter { $0.contains(mark) }.map {
            value("filename", in: String($0)) ?? "a file without a name"
        }
    }

    /// What stands in quotes after `key: `.
    private static func value(_ key: String, in text: String) -> String? {
        guard let start = text.firstRange(of: "\(key): \"")?.upperBound,
            let end = text[start...].firstIndex(of: "\"")
        else { return nil }
        return String(text[start..<end])
    }

    private func text(_ name: String) throws(HostError) -> String? {
        try ControlFile.read("\(directory)/\(name)")
    }
}
