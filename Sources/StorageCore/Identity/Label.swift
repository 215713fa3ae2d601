/// A DNS-1123 label (RFC 1123, section 2.1, as Kubernetes uses it): 1 to 63 characters of `a-z`, `0-9` and `-`, that
/// begins and ends with a letter or digit. It is checked here and nowhere else, so that no name can hold a
/// separator, `..`, or anything a path, a D-Bus call or a configuration file would read differently.
/// `Kind` only keeps a namespace from being used as a volume's name.
package struct Label<Kind: LabelKind>: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let value: String

    /// Throws `invalidArgument` with what is wrong and what is allowed.
    package init(_ text: String) throws(StorageError) {
        if let flaw = labelFlaw(in: text) {
            let shown = text.utf8.count > 80 ? "\(text.prefix(40))… (\(text.utf8.count) bytes)" : text
            throw StorageError(
                .invalidArgument,
                "the \(Kind.noun) \(debugQuoted(shown)) \(flaw); use 1 to 63 characters of a-z, 0-9 and '-', "
                    + "beginning and ending with a letter or digit")
        }
        value = text
    }

    package var description: String { value }
    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.value < rhs.value }
}

package protocol LabelKind {
    /// How messages call it: "namespace", "volume name".
    static var noun: String { get }
}

package enum NamespaceKind: LabelKind { package static var noun: String { "namespace" } }
package enum VolumeNameKind: LabelKind { package static var noun: String { "volume name" } }
package enum SnapshotNameKind: LabelKind { package static var noun: String { "snapshot name" } }
package enum PoolNameKind: LabelKind { package static var noun: String { "pool name" } }
package enum NodeNameKind: LabelKind { package static var noun: String { "node name" } }

package typealias Namespace = Label<NamespaceKind>
package typealias VolumeName = Label<VolumeNameKind>
package typealias SnapshotName = Label<SnapshotNameKind>
package typealias PoolName = Label<PoolNameKind>
/// A storage node.
package typealias NodeName = Label<NodeNameKind>

private func labelFlaw(in text: String) -> String? {
    let bytes = Array(text.utf8)
    if bytes.isEmpty { return "is empty" }
    if bytes.count > 63 { return "is longer than 63 characters" }
    let isAlphanumeric = { (byte: UInt8) in (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) }
    if let bad = bytes.first(where: { !isAlphanumeric($0) && $0 != 0x2D }) {
        let isPrintable = (0x21...0x7E).contains(bad)
        return isPrintable
            ? "has the character '\(Character(UnicodeScalar(bad)))'" : "has a character that is not allowed"
    }
    if bytes.first == 0x2D || bytes.last == 0x2D { return "begins or ends with '-'" }
    return nil
}

private func debugQuoted(_ text: String) -> String {
    "\"\(text.unicodeScalars.map { $0.escaped(asASCII: true) }.joined())\""
}

extension Label: Codable {
    package init(from decoder: any Decoder) throws { try self.init(decoder.singleValueContainer().decode(String.self)) }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(value)
    }
}
