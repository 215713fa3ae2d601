import Glibc

extension TreeTransfer {
    /// By memcmp(3): without optimisation Swift's own comparison takes longer than the network.
    static func areSame(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        guard one.count == other.count else { return false }
        return one.withUnsafeBytes { left in
            other.withUnsafeBytes { right in
                guard let left = left.baseAddress, let right = right.baseAddress else { return true }
                return memcmp(left, right, one.count) == 0
            }
        }
    }
}
