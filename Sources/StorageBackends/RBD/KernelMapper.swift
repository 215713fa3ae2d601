import HostTools
import RBDWire
import StorageCore

/// The kernel's own client of RBD (Documentation/ABI/testing/sysfs-bus-rbd).
struct KernelMapper: ImageMapper {
    let place: RBDPlace
    private let bus: String
    private let work = BlockingWork(label: "rbd")

    init(_ place: RBDPlace, bus: String = Self.bus) {
        self.place = place
        self.bus = bus
    }

    static let bus = "/sys/bus/rbd"

    /// How long the kernel waits for the monitors before it gives a mapping up. What is read and written waits without end.
    private static let mountTimeout = 20
    private static let deadline = Duration.seconds(30)

    func mappings(_ cluster: RBDConnection? = nil) async throws(StorageError) -> [ImageMapping] {
        try await work.perform("looking at what is mapped", deadline: Self.deadline) { [self] _ in
            var found: [ImageMapping] = []
            for name in try Directory.names(in: "\(bus)/devices") ?? [] {
                guard let number = Int(name), let mapping = try mapping(number, cluster) else { continue }
                found.append(mapping)
            }
            return found
        }
    }

    /// The addresses of all that the kernel has of RBD, whoever's it is.
    func clients() async throws(StorageError) -> [String] {
        try await work.perform("looking at what is mapped", deadline: Self.deadline) { [bus] _ in
            try (Directory.names(in: "\(bus)/devices") ?? []).compactMap {
                try ControlFile.read("\(bus)/devices/\($0)/client_addr")
            }
        }
    }

    /// Nil if it is of another pool, or goes just now.
    private func mapping(_ number: Int, _ cluster: RBDConnection?) throws(HostError) -> ImageMapping? {
        func read(_ attribute: String) throws(HostError) -> String? {
            try ControlFile.read("\(bus)/devices/\(number)/\(attribute)")
        }
        if let cluster, try read("cluster_fsid") != cluster.clusterID { return nil }
        guard try read("pool") == place.pool,
            try read("pool_ns") ?? "" == place.namespace, try read("current_snap") == "-",
            let image = try read("name"), let id = try read("image_id"),
            let client = try read("client_addr")
        else { return nil }
        return ImageMapping(image: image, device: DevicePath("/dev/rbd\(number)"), id: id, client: client)
    }

    func map(_ image: String, _ cluster: RBDConnection) async throws(StorageError) {
        try await map(image, cluster, isExclusive: false)
    }

    /// With its lock, which is not given away, if that is wanted; `busy` if another client has it.
    func map(_ image: String, _ cluster: RBDConnection, isExclusive: Bool) async throws(StorageError) {
        var options = ["name=\(place.user)", "mount_timeout=\(Self.mountTimeout)"]
        if let secret = cluster.secret { options.append("secret=\(secret)") }
        if cluster.needsVersion2 { options.append("ms_mode=prefer-crc") }
        if isExclusive { options.append("exclusive") }
        if !place.namespace.isEmpty { options.append("_pool_ns=\(place.namespace)") }
        let line =
            "\(cluster.monitors.joined(separator: ",")) \(options.joined(separator: ",")) \(place.pool) \(image) -"
        let action = "mapping \(image)"
        do throws(HostError) {
            try await work.run(action, on: image, deadline: Self.deadline) { [bus] _ throws(HostError) in
                try ControlFile.write(line, to: "\(bus)/add_single_major")
            }
        } catch {
            // What the cluster refuses comes as the number of the write.
            guard let number = error.errorNumber else { throw StorageError(host: error, action) }
            throw StorageError(rbd: RBDFailure(code: number, action: action), place)
        }
    }

    /// It cannot be taken back, and is waited for by the thread that began it.
    func settle(_ image: String) async throws(StorageError) {
        try await work.perform("waiting for a mapping of \(image)", on: image, deadline: Self.deadline) { _ in }
    }

    func unmap(_ mapping: ImageMapping) async throws(StorageError) {
        let number = mapping.device.value.drop { !$0.isNumber }
        try await work.perform("unmapping \(mapping.image)", on: mapping.image, deadline: Self.deadline) { [bus] _ in
            try ControlFile.write("\(number)", to: "\(bus)/remove_single_major")
        }
    }
}
