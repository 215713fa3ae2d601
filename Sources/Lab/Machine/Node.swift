import HostTools

/// Our daemon on a storage node of the lab: loop images unless `pools` says otherwise.
package struct Node: Sendable {
    package let machine: Machine
    private let server: String?
    private let pools: String
    private let toolDirectory: String?

    /// Without a `server` the daemon chooses; `pools` is of the configuration; `toolDirectory` is where the daemon looks for tools first.
    package init(machine: Machine, server: String?, pools: String = "", toolDirectory: String? = nil) {
        self.machine = machine
        self.server = server
        self.pools = pools
        self.toolDirectory = toolDirectory
    }

    /// Starts the daemon and returns when it is ready.
    package func start() async throws {
        try await launch()
        try await waitUntilReady()
    }

    /// Starts the daemon.
    package func launch() async throws {
        try await machine.write(Array(configuration.utf8), to: "/etc/convert2nfs.yaml")
        try await machine.sh(
            """
            mkdir -p /run/convert2nfs
            PATH=\(toolDirectory.map { "\($0):" } ?? "")$PATH convert2nfsd run --config /etc/convert2nfs.yaml >>/var/log/daemon.out 2>&1 </dev/null &
            """)
    }

    /// Throws with the end of what it logged if the daemon is not ready within a minute or two.
    package func waitUntilReady() async throws {
        try await machine.sh(
            """
            for try in $(seq 300); do
                ! busybox wget -q -O /dev/null http://127.0.0.1:8080/readyz 2>/dev/null || exit 0
                sleep 0.2
            done
            tail -n 30 /var/log/daemon.out /var/log/convert2nfs.log >&2
            exit 1
            """, deadline: .seconds(180))
    }

    /// What the command line says.
    @discardableResult
    package func convert2nfs(_ arguments: String) async throws -> String {
        try await machine.sh("convert2nfs \(arguments)", deadline: .seconds(120))
    }

    private var configuration: String {
        """
        node: {name: \(machine.spec.name), state: /var/lib/convert2nfs}
        nfs: {address: \(machine.spec.address)\(server.map { ", server: \($0)" } ?? "")}
        \(pools)

        """
    }
}
