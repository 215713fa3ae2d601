/// How the kernel's tables and nfs-utils write bytes that would end a field: a backslash and three octal digits
/// (proc_pid_mountinfo(5)).
package enum OctalEscapes {
    /// Bytes as they are, escapes as the byte they stand for; what is no whole escape stays. Pure.
    package static func decode(_ field: ArraySlice<UInt8>) -> String {
        guard field.contains(0x5C) else { return String(decoding: field, as: UTF8.self) }
        var result: [UInt8] = []
        var rest = field
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            if byte == 0x5C, digits.count == 3, digits.allSatisfy({ (0x30...0x37).contains($0) }) {
                result.append(digits.reduce(0) { $0 &* 8 &+ ($1 - 0x30) })
                rest = rest.dropFirst(3)
            } else {
                result.append(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
