import HostTools
import RBDWire
import StorageCore

/// The kernel's own client of RBD (Documentation/ABI/testing/sysfs-bus-rbd).
struct KernelMapper: ImageMapper {
    private let place: RBDPlace
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

    func mappings(_ cluster: RBDConnection) async throws(StorageError) -> [String: ImageMapping] {
        try await work.perform("looking at what is mapped", deadline: Self.deadline) { [self] _ in
            var found: [String: ImageMapping] = [:]
            for name in try Directory.names(in: "\(bus)/devices") ?? [] {
                guard let number = Int(name), let image = try image(number, cluster) else { continue }
                found[image] = ImageMapping(image: image, device: DevicePath("/dev/rbd\(number)"))
            }
            return found
        }
    }

    /// Nil if it is of another pool, or goes just now.
    private func image(_ number: Int, _ cluster: RBDConnection) throws(HostError) -> String? {
        func read(_ attribute: String) throws(HostError) -> String? {
            try ControlFile.read("\(bus)/devices/\(number)/\(attribute)")
        }
        guard try read("cluster_fsid") == cluster.clusterID, try read("pool") == place.pool,
            try read("pool_ns") ?? "" == place.namespace, try read("current_snap") == "-"
        else { return nil }
        return try read("name")
    }

    func map(_ image: String, _ cluster: RBDConnection) async throws(StorageError) {
        var options = ["name=\(place.user)", "mount_timeout=\(Self.mountTimeout)"]
        if let secret = cluster.secret { options.append("secret=\(secret)") }
        if cluster.needsVersion2 { options.append("ms_mode=prefer-crc") }
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

    func unmap(_ mapping: ImageMapping) async throws(StorageError) {
        let number = mapping.device.value.drop { !$0.isNumber }
        try await work.perform("unmapping \(mapping.image)", on: mapping.image, deadline: Self.deadline) { [bus] _ in
            try ControlFile.write("\(number)", to: "\(bus)/remove_single_major")
        }
    }
}
