/// What the kernel's file handles carry of an export (exports(5), `fsid=`). A volume's own is its UUID; one that was adopted keeps
/// what its clients' handles have.
package enum ExportFSID: Hashable, Sendable, CustomStringConvertible {
    case uuid(VolumeID)
    case number(UInt32)

    /// As exports(5) takes it and etab has it: a number, which etab shows with a sign, or 32 hexadecimal digits with whatever stands
    /// between them. Nil for anything else, and for 0 and `root`, which is the root of NFSv4 (exports(5)).
    package init?(_ text: String) {
        if let number = UInt32(text) ?? Int32(text).map(UInt32.init(bitPattern:)), !text.hasPrefix("+") {
            guard number != 0 else { return nil }
            self = .number(number)
        } else if let id = Self.identifier(text) {
            self = .uuid(id)
        } else {
            return nil
        }
    }

    private static func identifier(_ text: String) -> VolumeID? {
        var digits = text.filter { $0.isASCII && $0.isHexDigit }
        guard digits.utf8.count == 32 else { return nil }
        for offset in [20, 16, 12, 8] { digits.insert("-", at: digits.index(digits.startIndex, offsetBy: offset)) }
        return VolumeID(digits)
    }

    package var description: String {
        switch self {
        case .uuid(let id): id.description
        case .number(let number): String(number)
        }
    }
}

extension ExportFSID: Codable {
    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let fsid = ExportFSID(text) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "\(text) is not an fsid"))
        }
        self = fsid
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
