import FoundationEssentials

/// A volume's identity for its whole life: the UUID of its filesystem, and the fsid of its export unless it was adopted with another. File handles that
/// clients hold are made of it, so it is stored, never derived, and never given to another volume.
package struct VolumeID: Hashable, Sendable, Codable, CustomStringConvertible {
    package let uuid: UUID

    package init() { uuid = UUID() }
    package init(_ uuid: UUID) { self.uuid = uuid }

    /// Nil if the text is not a UUID.
    package init?(_ text: String) {
        guard let uuid = UUID(uuidString: text) else { return nil }
        self.uuid = uuid
    }

    /// Lower case, as blkid, mkfs and the wire show it.
    package var description: String { uuid.uuidString.lowercased() }

    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let id = VolumeID(text) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "\(text) is not a UUID"))
        }
        self = id
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// Who a volume is, as its storage carries it: enough to rebuild a lost catalog entry from the pool.
package struct VolumeIdentity: Hashable, Sendable, Codable {
    package let id: VolumeID
    package let key: VolumeKey

    package init(id: VolumeID, key: VolumeKey) {
        self.id = id
        self.key = key
    }
}

/// Number of an export at the NFS server. It is part of every file handle the server gave out, so it is stored with the
/// volume and not reused while the volume lives. 1...65535 (ganesha-export-config(8): Export_Id; 0 is the pseudo root).
package struct ExportID: Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
    package let value: UInt16

    /// Nil for 0, which NFS-Ganesha keeps for the pseudo root.
    package init?(_ value: UInt16) {
        guard value > 0 else { return nil }
        self.value = value
    }

    package var description: String { String(value) }
    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.value < rhs.value }

    package init(from decoder: any Decoder) throws {
        let number = try decoder.singleValueContainer().decode(UInt16.self)
        guard let id = ExportID(number) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "0 is not an export id"))
        }
        self = id
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(value)
    }
}
