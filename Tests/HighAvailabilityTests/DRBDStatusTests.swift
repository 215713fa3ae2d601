import StorageCore
import TestSupport
import Testing

@testable import HighAvailability

@Suite("What /proc/drbd says", .tags(.unit))
struct DRBDStatusTests {
    private static let version = "version: 8.4.11 (api:1/proto:86-101)\nsrcversion: 0\n\n"

    private func status(_ head: String, rest: String = "oos:0", minor: Int = 0) -> DRBDStatus? {
        DRBDStatus(
            proc: "\(Self.version) 0: \(head)\n    ns:0 nr:0 dw:0 dr:0 wo:f \(rest)\n", minor: minor)
    }

    @Test(
        "what the copy is worth",
        arguments: [
            ("cs:Connected ro:Secondary/Primary ds:UpToDate/UpToDate C r-----", .current(other: .same)),
            ("cs:Connected ro:Primary/Secondary ds:UpToDate/Diskless C r-----", .current(other: .outdated)),
            ("cs:WFConnection ro:Secondary/Unknown ds:UpToDate/DUnknown C r-----", .current(other: .unknown)),
            ("cs:WFConnection ro:Secondary/Unknown ds:UpToDate/Outdated C r-----", .current(other: .outdated)),
            ("cs:WFConnection ro:Primary/Unknown ds:UpToDate/DUnknown C r-----", .current(other: .outdated)),
            ("cs:WFConnection ro:Primary/Unknown ds:UpToDate/DUnknown C s-----", .current(other: .unknown)),
            (
                "cs:StandAlone ro:Secondary/Unknown ds:Consistent/DUnknown r-----",
                .outdated("its disk is Consistent (DRBD)")
            ),
            (
                "cs:WFConnection ro:Secondary/Unknown ds:Outdated/DUnknown C r-----",
                .outdated("its disk is Outdated (DRBD)")
            ),
            (
                "cs:Connected ro:Secondary/Primary ds:Diskless/UpToDate C r-----",
                .failed("its disk is Diskless (DRBD): replace it, and convert2nfs ha setup")
            ),
            (
                "cs:Connected ro:Primary/Secondary ds:Failed/UpToDate C r-----",
                .failed("its disk is Failed (DRBD): replace it, and convert2nfs ha setup")
            ),
        ] as [(String, DataState)])
    func data(head: String, data: DataState) throws {
        #expect(try #require(status(head)).data == data)
    }

    @Test("how far a copy is that catches up, and by how much it differs")
    func synchronising() throws {
        let found = try #require(
            status(
                "cs:SyncTarget ro:Secondary/Primary ds:Inconsistent/UpToDate C r-----",
                rest: "oos:253844\n\t[==>.................] sync'ed: 18.3% (253844/305044)K"))
        #expect(found.connection == .receiving(percent: 18.3) && found.outOfSync == ByteCount(253_844 << 10))
        #expect(found.data == .outdated("it is synchronised to 18.3 percent"))
    }

    @Test("another device, one that is not set up, and no device are none")
    func absent() {
        #expect(status("cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate C r-----", minor: 1) == nil)
        #expect(status("cs:Unconfigured") == nil)
        #expect(DRBDStatus(proc: Self.version, minor: 0) == nil)
    }

    @Test("the series is told")
    func series() {
        #expect(DRBDStatus.version(proc: Self.version) == "8.4.11")
        #expect(DRBDStatus.version(proc: "version: 9.1.7 (api:2/proto:110-121)\nGIT-hash: 0\n") == "9.1.7")
        #expect(DRBDStatus.version(proc: "") == nil)
    }
}
