import FoundationEssentials
import StorageCore

/// Where a node's daemon listens: `http://host:port`, `https://host:port` or `unix:///path/of/socket`.
package enum ServerAddress: Hashable, Sendable, CustomStringConvertible {
    case url(String)
    case socket(String)

    package static let standard = ServerAddress.socket("/run/convert2nfs/convert2nfs.sock")

    /// Throws `invalidArgument` for anything else, a path, a query or a password included.
    package init(_ text: String) throws(StorageError) {
        if text.hasPrefix("unix://") {
            let path = String(text.dropFirst("unix://".count))
            // sun_path of unix(7) has 108 bytes, the last one zero.
            guard path.hasPrefix("/"), path.utf8.count > 1, path.utf8.count < 108 else { throw Self.refusal(text) }
            self = .socket(path)
            return
        }
        guard let url = URL(string: text), let scheme = url.scheme, ["http", "https"].contains(scheme),
            let host = url.host(), !host.isEmpty, url.user() == nil, url.password() == nil,
            ["", "/"].contains(url.path()), url.query() == nil, url.fragment() == nil
        else { throw Self.refusal(text) }
        self = .url(text.hasSuffix("/") ? String(text.dropLast()) : text)
    }

    package var description: String {
        switch self {
        case .url(let text): text
        case .socket(let path): "unix://\(path)"
        }
    }

    /// What the HTTP client calls a path at this address; a socket's path is its host.
    func url(of path: String) -> String {
        switch self {
        case .url(let base): base + path
        case .socket(let socket): "http+unix://\(percentEncoded(socket))\(path)"
        }
    }

    private static func refusal(_ text: String) -> StorageError {
        StorageError(
            .invalidArgument,
            "\(quoted(text)) is not a server; use http://HOST:PORT, https://HOST:PORT or unix:///PATH")
    }
}

/// Everything but the unreserved characters of RFC 3986, section 2.3, as `%XX`.
func percentEncoded(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF")
    return String(
        text.utf8.flatMap { byte -> [Character] in
            let character = Character(UnicodeScalar(byte))
            let isUnreserved = byte < 0x80 && (character.isLetter || character.isNumber || "-._~".contains(character))
            return isUnreserved ? [character] : ["%", digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        })
}
