import StorageCore
import TestSupport
import Testing

@testable import HighAvailability

@Suite("The set-up of a pair", .tags(.unit))
struct SetupTests {
    private func survey(
        _ name: String, _ steps: [SetupStep] = [], disk: Int64 = 1 << 30, copy: SetupSurvey.Copy = .none,
        seen: Epoch = .none, obstacles: [String] = []
    ) throws -> SetupSurvey {
        let node = try NodeName(name)
        return SetupSurvey(
            node: node, obstacles: obstacles,
            tasks: steps.map { SetupTask(node: node, step: $0, text: "\($0)") }, disk: ByteCount(disk), copy: copy,
            seen: seen)
    }

    private func plan(_ own: SetupSurvey, _ other: SetupSurvey) throws -> [String] {
        try SetupPlan(own, other, preferred: NodeName("b")) { "\($0)" }.tasks.map { "\($0.node) \($0.step)" }
    }

    private static let all: [SetupStep] = [.resource, .filter, .metadata, .start]

    @Test(
        "of two new nodes: each step on both before the next one, the volume group on the one that is asked, and both join last"
    )
    func new() throws {
        let one = Epoch(1, of: try NodeName("a"))
        #expect(
            try plan(survey("a", Self.all), survey("b", Self.all)) == [
                "a resource", "b resource", "a filter", "b filter", "a metadata", "b metadata", "a start", "b start",
                "a sameData", "a group", "b \(SetupStep.join(one))", "a \(SetupStep.join(one))",
            ])
    }

    @Test("one that was interrupted goes on where it was")
    func resumed() throws {
        let one = Epoch(1, of: try NodeName("a"))
        #expect(
            try plan(survey("a", copy: .data), survey("b", copy: .data)) == [
                "a group", "b \(SetupStep.join(one))", "a \(SetupStep.join(one))",
            ])
        // The other one has the data: what it holds must not be made anew here.
        #expect(try plan(survey("a", copy: .fresh), survey("b", copy: .data)).first == "b group")
        #expect(
            try plan(survey("a", copy: .data), survey("b", copy: .data, seen: one)) == ["a \(SetupStep.join(one))"])
        var made = try survey("a", copy: .data)
        made.hasGroup = true
        #expect(try plan(survey("b", copy: .data), made).count == 2)
        #expect(try plan(survey("a", copy: .data, seen: one), survey("b", copy: .data, seen: one)) == [])
    }

    @Test("a new disk, or a new node, takes what the other has, and nothing is made there")
    func replaced() throws {
        let nine = Epoch(9, of: try NodeName("b"))
        #expect(
            try plan(survey("a", [.metadata, .start]), survey("b", copy: .data, seen: nine)) == [
                "a metadata", "a start", "a \(SetupStep.join(nine))",
            ])
        #expect(
            try plan(survey("a", [.metadata, .start], disk: 2 << 30, seen: nine), survey("b", copy: .data, seen: nine))
                == ["a metadata", "a start"])
    }

    @Test("what is in the way is said at once, all of it, with the node it is on")
    func obstacles() throws {
        let nine = Epoch(9, of: try NodeName("b"))
        let cases: [(SetupSurvey, SetupSurvey, [String])] = [
            (
                try survey("a", obstacles: ["no disk"]), try survey("b", obstacles: ["not empty"]),
                ["a: no disk", "b: not empty"]
            ),
            (try survey("a"), try survey("b", disk: 1 << 20), ["not of one size", "a's", "b's"]),
            (
                try survey("a", disk: 1 << 20), try survey("b", copy: .data, seen: nine),
                ["the new disk is smaller than the one that holds the data"]
            ),
        ]
        for (own, other, words) in cases {
            let error = #expect(throws: StorageError.self) { try plan(own, other) }
            #expect(words.allSatisfy { error?.message.contains($0) == true }, "\(String(describing: error))")
        }
    }

    @Test("what blkid finds on a disk is nothing, DRBD's, or somebody's")
    func contents() {
        #expect(SetupDisk.content("DEVNAME=/dev/vdb\nUUID=8a1\nTYPE=drbd\nUSAGE=raid\n") == .metadata)
        #expect(SetupDisk.content("DEVNAME=/dev/vdb\nTYPE=ext4\n") == .other("TYPE=ext4"))
        #expect(SetupDisk.content("DEVNAME=/dev/vdb\n") == .other("something"))
    }

    @Test("in LVM's file only what is ours goes")
    func filter() {
        let ours = "\(LVMFilter.mark)\ndevices { global_filter = [ \"r|^/dev/old$|\" ] }\n"
        let cases = [
            ("", ""), ("local { }", "local { }\n"), (ours, ""), ("local { }\n" + ours, "local { }\n"),
            (ours + "global { }\n", "global { }\n"),
        ]
        for (text, rest) in cases { #expect(LVMFilter.withoutOurs(text) == rest, "\(text)") }
    }

    @Test("DRBD's file has both places, and IPv6 as DRBD writes it")
    func resource() throws {
        let resource = DRBDResource(
            name: "r0", minor: 3, port: 7790,
            places: [
                .init(node: try NodeName("a"), disk: "/dev/sdb", address: try ClientAddress("198.51.100.11")),
                .init(node: try NodeName("b"), disk: "/dev/sdc", address: try ClientAddress("2001:db8::2")),
            ], handler: ["/usr/sbin/x", "fence-peer"])
        for line in [
            "resource r0 {", "    protocol C;", "    device /dev/drbd3;", "fence-peer \"/usr/sbin/x fence-peer\";",
            "    on a { disk /dev/sdb; address 198.51.100.11:7790; }",
            "    on b { disk /dev/sdc; address ipv6 [2001:db8::2]:7790; }",
        ] {
            #expect(resource.text.contains(line), "\(line)")
        }
    }
}
