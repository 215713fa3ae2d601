import StorageCore

extension RequestReader {
    static let sizeKeys = ["capacityBytes", "size"]

    /// `capacityBytes` or `size`; nil if there is neither, a refusal if there are both.
    func capacity() throws(StorageError) -> ByteCount? {
        guard !(has("capacityBytes") && has("size")) else {
            throw refusal("capacityBytes", "and size say the same thing; send one of them")
        }
        if let bytes = try integer("capacityBytes") {
            do {
                return try ByteCount(validating: bytes)
            } catch {
                throw refusal("capacityBytes", "is \(bytes); send the number of bytes, at least 1")
            }
        }
        return try value("size") { (text) throws(StorageError) in try ByteCount(quantity: text) }
    }

    /// `clients`, each address once; nil if there is no such key.
    func clients() throws(StorageError) -> [ClientRule]? {
        guard let readers = try objects("clients", allowed: ["address", "access"]) else { return nil }
        var rules: [ClientRule] = []
        for reader in readers {
            let address = try reader.value("address") { (text) throws(StorageError) in try ClientAddress(text) }
            rules.append(
                ClientRule(
                    address: try reader.required("address", address, "an address or a network like 10.0.0.0/24"),
                    access: try reader.access()))
        }
        do {
            return try ClientRule.normalized(rules)
        } catch {
            throw StorageError(error.code, "clients: \(error.message)")
        }
    }

    func access() throws(StorageError) -> Access {
        try required("access", try choice("access", of: Access.self), "\"rw\" or \"ro\"")
    }

    func source() throws(StorageError) -> VolumeSource? {
        guard let reader = try object("source", allowed: ["snapshot", "volume"]) else { return nil }
        let snapshot = try reader.object("snapshot", allowed: ["namespace", "volume", "name"])
        let volume = try reader.object("volume", allowed: ["namespace", "name"])
        switch (snapshot, volume) {
        case (let snapshot?, nil):
            let origin = try snapshot.volumeKey(name: "volume")
            let name = try snapshot.value("name") { (text) throws(StorageError) in try SnapshotName(text) }
            return .snapshot(
                SnapshotKey(volume: origin, name: try snapshot.required("name", name, "the snapshot's name")))
        case (nil, let volume?):
            return .volume(try volume.volumeKey(name: "name"))
        case (nil, nil), (_?, _?):
            throw refusal("source", "must have one of \"snapshot\" and \"volume\"")
        }
    }

    /// `namespace` and the volume's name, which is under `key`.
    func volumeKey(name key: String) throws(StorageError) -> VolumeKey {
        let namespace = try value("namespace") { (text) throws(StorageError) in try Namespace(text) }
        let name = try value(key) { (text) throws(StorageError) in try VolumeName(text) }
        return VolumeKey(
            namespace: try required("namespace", namespace, "the volume's namespace"),
            name: try required(key, name, "the volume's name"))
    }
}
