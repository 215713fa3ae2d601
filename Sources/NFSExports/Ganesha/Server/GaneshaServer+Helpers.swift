import HostTools
import Logging
import StorageCore

extension GaneshaServer {
    /// Ensures that rpcbind and statd run beside a server that does, and that rpcbind knows the server: NFSv3 clients
    /// ask it for the ports when they mount. `.changed` if one of them had to be started.
    func mendHelpers() async throws(StorageError) -> Outcome {
        guard configuration.settings.versions.contains(.v3) else { return .unchanged }
        var record = try record()
        let knewServer = await helpers.portMapper.registrations() != nil
        let mended = try await helpers.ensure(record.helpers)
        if !knewServer {
            for registration in configuration.settings.registrations { await helpers.portMapper.register(registration) }
        }
        watch(mended)
        guard mended != record.helpers else { return .unchanged }
        record.helpers = mended
        try keep(record)
        return .changed
    }

    /// Tells rpcbind again what it does not know any more of the server: another server's start or end takes the names of all
    /// that have them. What another server is registered for stays its own, and is told of once.
    func mendRegistrations() async {
        guard configuration.settings.versions.contains(.v3), let known = await helpers.portMapper.registrations() else {
            return
        }
        let missing = configuration.settings.registrations.filter { own in !known.contains { own.isServed(by: $0) } }
        defer { unregistered = Set(missing) }
        for registration in missing { await helpers.portMapper.register(registration) }
        guard !missing.isEmpty, Set(missing) != unregistered else { return }
        let taken = known.first { other in missing.contains { $0.program == other.program } }
        let text = taken.flatMap(\.port).map { "; another server is registered with port \($0)" } ?? ""
        logger.warning("rpcbind did not know the NFS server, so NFSv3 clients did not find it; told it again\(text)")
    }

    func watch(_ helpers: RPCHelpers.Started) {
        if let rpcbind = helpers.rpcbind { watch(rpcbind, "rpcbind") }
        if let statd = helpers.statd { watch(statd, "rpc.statd") }
    }
}

extension GaneshaSettings {
    static let nfsProgram: UInt32 = 100_003

    /// What NFS-Ganesha 4.3 tells rpcbind of itself when it starts.
    var registrations: [PortMapper.Registration] {
        var services: [(UInt32, UInt32, UInt16)] = [
            (Self.nfsProgram, 3, nfsPort), (100_005, 1, mountdPort), (100_005, 3, mountdPort),
            (100_021, 4, lockManagerPort),
        ]
        if versions.contains(.v4) { services.append((Self.nfsProgram, 4, nfsPort)) }
        let networks = ["tcp", "tcp6"] + (udp ? ["udp", "udp6"] : [])
        return services.flatMap { program, version, port in
            networks.map { .init(program: program, version: version, network: $0, port: port) }
        }
    }
}
