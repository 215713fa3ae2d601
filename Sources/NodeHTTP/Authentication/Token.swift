import Crypto
import StorageCore

/// A bearer token: 32 random bytes, shown once. The server keeps only its SHA-256; that is enough for a secret nobody
/// can guess (a slow hash protects what people choose).
package struct Token: Sendable {
    package let text: String

    /// A new one, from the system's random source.
    package init() {
        var generator = SystemRandomNumberGenerator()
        let bytes = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        text = "c2n_" + bytes.map { hexadecimal($0) }.joined()
    }

    package var hash: TokenHash { TokenHash(of: text) }
}

/// What is kept of a token, written `sha256:` and 64 hexadecimal digits.
package struct TokenHash: Sendable, Hashable, CustomStringConvertible {
    private let digest: [UInt8]

    package init(of token: some StringProtocol) { digest = Array(SHA256.hash(data: Array(token.utf8))) }

    /// Nil unless the text is `sha256:` and 64 hexadecimal digits.
    package init?(_ text: String) {
        guard text.hasPrefix("sha256:") else { return nil }
        let digits = Array(text.utf8.dropFirst(7))
        guard digits.count == 64 else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: 64, by: 2) {
            guard let high = nibble(digits[index]), let low = nibble(digits[index + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        digest = bytes
    }

    package var description: String { "sha256:" + digest.map { hexadecimal($0) }.joined() }

    /// Whether both are the same, in a time that does not depend on where they differ.
    func matches(_ other: TokenHash) -> Bool {
        zip(digest, other.digest).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

/// A token as the node was configured with it.
package struct Credential: Sendable, Hashable {
    package let name: String
    package let role: Role
    package let hash: TokenHash

    package init(name: String, role: Role, hash: TokenHash) {
        self.name = name
        self.role = role
        self.hash = hash
    }
}

private func nibble(_ digit: UInt8) -> UInt8? {
    Character(UnicodeScalar(digit)).isASCII ? Character(UnicodeScalar(digit)).hexDigitValue.map(UInt8.init) : nil
}

private func hexadecimal(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }
