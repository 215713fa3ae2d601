/// As tags of a logical volume (lvm(8)): `KEY=VALUE`.
extension StorageMark {
    /// In no order that matters, and always the same.
    var tags: [String] { values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" } }

    static func roleTag(_ role: Role) -> String { "\(roleKey)=\(role.rawValue)" }

    /// Nil unless each of ours is there once and well-formed.
    init?(tags: [String]) {
        var values: [String: String] = [:]
        for tag in tags where tag.hasPrefix(Self.prefix) {
            let parts = tag.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2, values.updateValue(parts[1], forKey: parts[0]) == nil else { return nil }
        }
        self.init(values)
    }
}
