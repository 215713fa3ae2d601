import Lab
import Testing

/// Two nodes that are not a pair yet, and whose disks cannot be one.
@Suite("Disks that do not make a pair", .serialized, .machines(.p1, .smaller))
struct PairSetupTests {
    @Test("disks of different sizes, and one that holds something, are refused with the reason, and nothing is changed")
    func refused() async throws {
        let (s1, s2) = (try machine("s1"), try machine("s2"))
        let pair = PairNodes(s1, s2)
        try await pair.startNew()
        let untouched = "wipefs -n \(PairNodes.disk); ls /etc/drbd.d; cat /proc/drbd 2>/dev/null || true"
        let before = try await s1.sh(untouched)
        let sizes = try await s1.sh("convert2nfs ha setup 2>&1 && echo done || true", deadline: .seconds(60))
        #expect(sizes.contains("not of one size") && !sizes.contains("done"), "\(sizes)")
        try await s2.sh("mkfs.ext4 -q \(PairNodes.disk)", deadline: .seconds(60))
        let holding = try await s1.sh("convert2nfs ha setup 2>&1 && echo done || true", deadline: .seconds(60))
        #expect(holding.contains("s2") && holding.contains("ext4") && !holding.contains("done"), "\(holding)")
        #expect(try await s1.sh(untouched) == before)
        #expect(try await s2.sh("blkid -p -o value -s TYPE \(PairNodes.disk)") == "ext4\n")
        let said = try await s1.sh("convert2nfs ha status 2>&1 || true")
        #expect(said.contains("the pair is not set up yet"), "\(said)")
    }
}

extension MachineSpec {
    fileprivate static var smaller: MachineSpec {
        var spec = p2
        spec.disks[0] /= 2
        return spec
    }
}
