import StorageCore
import TestSupport
import Testing

@Suite("Sizes", .tags(.unit))
struct ByteCountTests {
    @Test(
        "a Kubernetes quantity is a number of bytes",
        arguments: [
            ("10Gi", 10 << 30), ("500M", 500_000_000), ("1", 1), ("1073741824", 1 << 30), ("1.5Gi", 3 << 29),
            ("0.5k", 500), ("1k", 1000), ("7Ei", 7 << 60), ("0.0001Ki", 1), ("2Ti", 2 << 40),
        ] as [(String, Int64)])
    func parses(_ text: String, _ bytes: Int64) throws {
        #expect(try ByteCount(quantity: text).bytes == bytes)
    }

    @Test(
        "what is not a quantity is refused",
        arguments: [
            "", "Gi", "10GB", "10 Gi", "-1Gi", "+1", "1e9", "0x10", "1.Gi", ".5Gi", "1..5Gi", "0", "0Gi", "8Ei", "9E99",
            "99999999999999999999", "١Gi", "10gi", "1.5.5Gi", "NaN", "inf",
        ])
    func refuses(_ text: String) throws {
        let error = try #require(throws: StorageError.self) { try ByteCount(quantity: text) }
        #expect(error.code == .invalidArgument)
    }

    @Test(
        "a size is written so that it reads back the same",
        arguments: [1, 1023, 1024, 3 << 29, 10 << 30, 999] as [Int64])
    func roundTrips(_ bytes: Int64) throws {
        #expect(try ByteCount(quantity: ByteCount(bytes).quantity).bytes == bytes)
    }

    @Test("rounding up never overflows")
    func roundsUp() throws {
        #expect(try ByteCount(1).roundedUp(to: .mebibytes(1)) == .mebibytes(1))
        #expect(try ByteCount.mebibytes(2).roundedUp(to: .mebibytes(1)) == .mebibytes(2))
        #expect(throws: StorageError.self) { try ByteCount(.max).roundedUp(to: .mebibytes(1)) }
    }
}
