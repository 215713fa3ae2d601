import HostTools

/// The programs around the kernel's NFS server, found at start, and their invocations as values.
package struct KernelTools: Hashable, Sendable {
    /// What has to be asked for at start.
    package static let names: [ToolName] = [
        .exportfs, .nfsd, .mountd, .nfsdcld, .modprobe, .rpcbind, .statd, .smNotify, .unshare,
    ]

    let exportfs: Tool
    let nfsd: Tool
    let mountd: Tool
    let nfsdcld: Tool
    let modprobe: Tool
    let rpcbind: Tool
    let statd: Tool
    let smNotify: Tool
    let unshare: Tool

    /// Throws `missingTools` with the packages to install.
    package init(_ toolbox: Toolbox) throws(HostError) {
        exportfs = try toolbox.require(.exportfs)
        nfsd = try toolbox.require(.nfsd)
        mountd = try toolbox.require(.mountd)
        nfsdcld = try toolbox.require(.nfsdcld)
        modprobe = try toolbox.require(.modprobe)
        rpcbind = try toolbox.require(.rpcbind)
        statd = try toolbox.require(.statd)
        smNotify = try toolbox.require(.smNotify)
        unshare = try toolbox.require(.unshare)
    }

    /// One rule more, or another for a client that has one; nothing else is exported by it (`-i` leaves the files alone).
    func export(_ client: String, _ options: String, at path: String) -> Invocation {
        Invocation(exportfs, ["-i", "-o", options, "\(KernelRule.argument(client)):\(path)"])
    }

    /// `client` as etab has it.
    func withdraw(_ client: String, from path: String) -> Invocation {
        Invocation(exportfs, ["-u", "\(KernelRule.argument(client)):\(path)"])
    }

    /// Everything that is in the files, in their order; what was exported by hand stays.
    var exportFiles: Invocation { Invocation(exportfs, ["-a"], deadline: .seconds(120)) }

    /// The kernel forgets what mountd told it, and asks again.
    var forget: Invocation { Invocation(exportfs, ["-f"]) }

    /// With what nfs.conf(5) says; with `scope`, as on a machine of that name (uts_namespaces(7)).
    func start(scope: String?) -> Invocation {
        guard let scope else { return Invocation(nfsd, []) }
        let script = "echo \"$0\" >/proc/sys/kernel/hostname && exec \"$1\""
        return Invocation(unshare, ["--uts", "/bin/sh", "-c", script, scope, nfsd.path])
    }

    var stop: Invocation { Invocation(nfsd, ["0"]) }

    /// Everything that is in the table, ours and others'.
    var withdrawAll: Invocation { Invocation(exportfs, ["-ua"]) }

    func load(_ modules: [String]) -> Invocation { Invocation(modprobe, ["-a"] + modules) }
}
