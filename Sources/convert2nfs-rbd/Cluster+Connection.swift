import CRBD
import FoundationEssentials
import Glibc
import RBDWire

extension Cluster {
    /// How the kernel's client reaches the cluster as the same user.
    var connection: RBDConnection {
        get throws(RBDFailure) {
            let map = try decode(MonitorMap.self, "mon dump")
            let old = map.mons.compactMap { $0.address("v1") }
            let new = map.mons.compactMap { $0.address("v2") }
            // The first version goes with each kernel that has rbd.
            let needsVersion2 = old.count < map.mons.count
            return RBDConnection(
                clusterID: try identity, monitors: needsVersion2 ? new : old, needsVersion2: needsVersion2,
                secret: try secret, addresses: try addresses)
        }
    }

    private struct MonitorMap: Decodable {
        struct Monitor: Decodable {
            struct Addresses: Decodable { let addrvec: [Address] }
            struct Address: Decodable {
                let type: String
                let addr: String
            }
            let publicAddrs: Addresses

            func address(_ type: String) -> String? { publicAddrs.addrvec.first { $0.type == type }?.addr }
        }
        let mons: [Monitor]
    }

    private func decode<Value: Decodable>(_ type: Value.Type, _ command: String) throws(RBDFailure) -> Value {
        let text = try self.command("{\"prefix\": \"\(command)\", \"format\": \"json\"}")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        guard let value = try? decoder.decode(type, from: Data(text.utf8)) else {
            throw RBDFailure(code: EPROTO, action: "understanding what the monitors say to \(command)")
        }
        return value
    }

    /// Of the user: from the option `key`, or the file that `keyfile` names, or the user's section in one of those of `keyring`.
    private var secret: String? {
        get throws(RBDFailure) {
            if option("auth_client_required") == "none" { return nil }
            if let key = option("key") { return key }
            if let path = option("keyfile"), let text = try? String(contentsOfFile: path, encoding: .utf8) {
                return text.trimmed
            }
            for path in (option("keyring") ?? "").split(separator: ",").map(\.description.trimmed) {
                guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { continue }
                if let key = Self.key(of: user, in: text) { return key }
            }
            throw RBDFailure(
                code: ENOENT, action: "looking for the key of \(user) in \(option("keyring") ?? "no keyring")")
        }
    }

    /// A keyring has sections like those of an INI file, with a line `key = …` in each.
    static func key(of user: String, in keyring: String) -> String? {
        var isOwn = false
        for line in keyring.split(whereSeparator: \.isNewline).map(\.description.trimmed) {
            if line.hasPrefix("[") { isOwn = line == "[\(user)]" }
            let parts = line.split(separator: "=", maxSplits: 1).map(\.description.trimmed)
            if isOwn, parts.count == 2, parts[0] == "key" { return parts[1] }
        }
        return nil
    }
}

extension String {
    fileprivate var trimmed: String {
        var text = self[...]
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
