import HostTools
import Lab
import Testing

/// Our daemon on a storage node of the lab: loop images unless `pools` says otherwise.
struct Node {
    let machine: Machine
    var server = "ganesha"
    /// In the configuration.
    var pools = ""

    /// Starts the daemon and returns when it is ready.
    func start() async throws {
        try await machine.write(Array(configuration.utf8), to: "/etc/convert2nfs.yaml")
        try await machine.sh(
            """
            mkdir -p /run/convert2nfs
            convert2nfsd run --config /etc/convert2nfs.yaml >>/var/log/daemon.out 2>&1 </dev/null &
            for try in $(seq 120); do
                ! convert2nfs health --ready >/dev/null 2>&1 || exit 0
                sleep 0.5
            done
            tail -n 30 /var/log/daemon.out /var/log/convert2nfs.log >&2
            exit 1
            """, deadline: .seconds(180))
    }

    /// What the command line says.
    @discardableResult
    func convert2nfs(_ arguments: String) async throws -> String {
        try await machine.sh("convert2nfs \(arguments)", deadline: .seconds(120))
    }

    private var configuration: String {
        """
        node: {name: \(machine.spec.name), state: /var/lib/convert2nfs}
        nfs: {address: \(machine.spec.address), server: \(server)}
        \(pools)

        """
    }
}
