import FoundationEssentials
import NodeAPI
import StorageCore
import Testing

@testable import convert2nfs

@Suite("Rendering")
struct RenderingTests {
    @Test("columns are as wide as they need to be, and lines end with their last letter")
    func table() {
        let table = Table(
            header: ["POOL", "SIZE", "CONDITION"], rows: [["default", "1Gi", "ok"], ["b", "10Gi", ""]])
        #expect(
            table.text == """
                POOL      SIZE   CONDITION
                default   1Gi    ok
                b         10Gi

                """)
    }

    @Test("an empty table is its header")
    func empty() { #expect(Table(header: ["A", "B"], rows: []).text == "A   B\n") }

    @Test("a sheet aligns its values and shows what is missing")
    func sheet() {
        #expect(
            Sheet(lines: [("Volume", "shop/data"), ("Id", "7"), ("Clients", "")]).text
                == "Volume:   shop/data\nId:       7\nClients:  -\n")
    }

    @Test(
        "used sizes are rounded to what can be read at a glance",
        arguments: [
            (Int64(0), "0"), (999, "999"), (1000, "1.0Ki"), (1024, "1Ki"), (1536, "1.5Ki"), (3_355_444, "3.2Mi"),
            (74_448_896, "71Mi"), (10_737_418_240, "10Gi"), (Int64.max, "8Ei"), (1_073_741_823, "1.0Gi"),
        ])
    func rounded(bytes: Int64, text: String) { #expect(ByteCount(bytes).rounded == text) }

    @Test(
        "ages have one unit",
        arguments: [(-5, "0s"), (0, "0s"), (119, "119s"), (120, "2m"), (7199, "119m"), (7200, "2h"), (172_800, "2d")])
    func ages(seconds: Int, text: String) {
        let start = Date(timeIntervalSince1970: 1_700_000_000)
        #expect(Timestamp(start).age(at: start.addingTimeInterval(Double(seconds))) == text)
    }

    @Test(
        "durations have two or three digits",
        arguments: [
            (Duration.microseconds(840), "0.8 ms"), (.microseconds(12_400), "12 ms"), (.milliseconds(999), "999 ms"),
            (.milliseconds(3440), "3.4 s"), (.seconds(75), "75 s"),
        ])
    func durations(duration: Duration, text: String) { #expect(duration.shown == text) }

    @Test("a report is the same thing in every format")
    func formats() throws {
        let report = Report(HealthDocument(), text: "all well", names: ["a", "b"])
        #expect(try report.rendered(as: .table) == "all well\n")
        #expect(try report.rendered(as: .json) == "{\n  \"health\" : \"ok\"\n}\n")
        #expect(try report.rendered(as: .yaml) == "health: ok\n")
        #expect(try report.rendered(as: .name) == "a\nb\n")
    }

    @Test("the progress line says what is done, which step, how far and how long")
    func progress() {
        let line = ProgressLine("creating volume shop/b", on: .errors, isShown: false)
        #expect(line.text(frame: 0, elapsed: .milliseconds(2900)) == "| creating volume shop/b (2 s)")
        line.update(step: "copy", progress: 0.439)
        #expect(
            line.text(frame: 5, elapsed: .seconds(75))
                == "/ creating volume shop/b: copy [########------------] 43% (75 s)")
    }

    @Test("clients that came, changed and went are told apart")
    func difference() throws {
        let one = try ClientAddress("10.0.0.1")
        let two = try ClientAddress("10.0.0.2")
        let three = try ClientAddress("10.0.0.3")
        let before = [ClientRule(address: one, access: .readWrite), ClientRule(address: two, access: .readWrite)]
        let after = [ClientRule(address: two, access: .readOnly), ClientRule(address: three, access: .readOnly)]
        #expect(
            VolumeClients.difference(from: before, to: after)
                == ["added 10.0.0.3 (ro)", "changed 10.0.0.2 (ro)", "removed 10.0.0.1"])
        #expect(VolumeClients.difference(from: before, to: before).isEmpty)
    }
}

@Suite("Exit statuses")
struct ExitStatusTests {
    @Test(
        "codes end the program with the numbers of sysexits.h",
        arguments: [
            (StorageError.Code.invalidArgument, Int32(65)), (.unauthenticated, 77), (.permissionDenied, 77),
            (.notFound, 66),
            (.conflict, 73), (.outOfCapacity, 74), (.busy, 75), (.standby, 75), (.unavailable, 69), (.cancelled, 75),
            (.internal, 70),
        ])
    func codes(code: StorageError.Code, status: Int32) { #expect(ExitStatus(code).rawValue == status) }

    @Test("an error is one line with its resource, its cause left to the log")
    func message() {
        let error = StorageError(.busy, "wait", resource: "volumes/a/b", cause: CancellationError())
        #expect(Convert2NFS.message(for: error) == "convert2nfs: volumes/a/b: wait\n")
        #expect(Convert2NFS.message(for: StorageError(.busy, "wait")) == "convert2nfs: wait\n")
    }
}
