/// What the kernel lets this process do; a container's root often lacks some of it (capabilities(7)).
package enum Capabilities {
    /// Without it the kernel refuses to resize ext4 online (EXT4_IOC_RESIZE_FS).
    package static func haveSysResource() throws(HostError) -> Bool {
        let status = try DurableFile.read("/proc/self/status", limit: 65536) ?? []
        return try parse(String(decoding: status, as: UTF8.self)) & (1 << 24) != 0
    }

    /// The effective set out of a process's status (proc_pid_status(5)).
    static func parse(_ status: String) throws(HostError) -> UInt64 {
        for line in status.split(separator: "\n") where line.hasPrefix("CapEff:") {
            if let set = UInt64(line.dropFirst(7).filter { !$0.isWhitespace }, radix: 16) { return set }
        }
        throw HostError.unexpected("/proc/self/status says nothing of capabilities (proc_pid_status(5))")
    }
}
