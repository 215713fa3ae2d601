import HostTools
import Lab
import Testing

/// The power fails before and after every tool that an operation runs, once each. How many there are, an uncut run tells.
@Suite("Power cuts at every step on LVM", .serialized, .machines(.thick, .thin))
struct PowerCutTests {
    /// On two machines at once, because a processor does one of them at a time.
    @Test(
        "create, grow, snapshot, clone and delete are whole or gone after a power cut at any step, and nothing is left over"
    )
    func cuts() async throws {
        async let thick: Void = PowerCuts(machine("s1"), pool: "thick", .thick).run()
        async let thin: Void = PowerCuts(machine("s2"), pool: "thin", .thin).run()
        _ = try await (thick, thin)
    }
}

extension MachineSpec {
    fileprivate static var thick: MachineSpec { withRoom(.s1) }
    fileprivate static var thin: MachineSpec { withRoom(.s2) }

    private static func withRoom(_ spec: MachineSpec) -> MachineSpec {
        var spec = spec
        spec.disks = [16 << 30]
        return spec
    }
}

/// What is cut, in turn. Each change is asked for with numbers from 0 on: uncut, then for each cut.
private struct CutOperation: Sendable {
    enum Rule {
        /// A crash takes it back, unless it was done already (docs/decisions/0011-what-rolls-back.md).
        case isUndone
        /// A crash does not keep it from its end.
        case goesOn
    }

    let name: String
    let rule: Rule
    let command: @Sendable (Int) -> String
    let isDone: @Sendable (NodeSurvey, Int) -> Bool

    static func create(_ pool: String) -> CutOperation {
        CutOperation(name: "create", rule: .isUndone) {
            "volume create cut/v\($0) --pool \(pool) --size 304Mi --client 10.77.0.21"
        } isDone: {
            $0.volume("v\($1)") != nil
        }
    }

    static let grow = CutOperation(name: "grow", rule: .goesOn) {
        "volume resize cut/data \(312 + 8 * $0)Mi"
    } isDone: {
        $0.volume("data")?.capacityBytes.bytes == Int64(312 + 8 * $1) << 20
    }

    static let snapshot = CutOperation(name: "snapshot", rule: .isUndone) {
        "snapshot create cut/data@s\($0)"
    } isDone: {
        $0.snapshot("s\($1)") != nil
    }

    /// With `options` to choose the longest way.
    static func clone(_ options: String) -> CutOperation {
        CutOperation(name: "clone", rule: .isUndone) {
            "volume create cut/c\($0) \(options) --client 10.77.0.21"
        } isDone: {
            $0.volume("c\($1)") != nil
        }
    }

    static let deleteSnapshot = CutOperation(name: "snapshot delete", rule: .goesOn) {
        "snapshot delete cut/data@s\($0)"
    } isDone: {
        $0.snapshot("s\($1)") == nil
    }

    /// Of what `create` left.
    static let delete = CutOperation(name: "delete", rule: .goesOn) {
        "volume delete cut/v\($0)"
    } isDone: {
        $0.volume("v\($1)") == nil
    }
}

extension [CutOperation] {
    /// A thick volume with snapshots does not grow.
    fileprivate static let thick: [CutOperation] = [
        .create("thick"), .delete, .grow, .snapshot, .clone("--from-volume cut/data"), .deleteSnapshot,
    ]
    fileprivate static let thin: [CutOperation] = [
        .create("thin"), .delete, .grow, .snapshot, .clone("--from-snapshot cut/data@s0 --size 400Mi"), .deleteSnapshot,
    ]
}

/// One machine with one pool, through all its cuts.
private struct PowerCuts {
    private let machine: Machine
    private let pool: String
    private let operations: [CutOperation]
    private let node: Node
    private let tools: FaultyTools

    init(_ machine: Machine, pool: String, _ operations: [CutOperation]) {
        self.machine = machine
        self.pool = pool
        self.operations = operations
        tools = FaultyTools(machine: machine)
        let thinPool = pool == "thin" ? ", thinPool: pool" : ""
        node = Node(
            machine: machine, server: "kernel",
            pools: "pools: [{name: \(pool), backend: lvm, volumeGroup: vg\(thinPool), overcommit: 3}]",
            toolDirectory: FaultyTools.directory)
    }

    func run() async throws {
        let sum = try await begin()
        for operation in operations {
            let calls = try await uncut(operation)
            let cuts = calls.indices.map { FaultyTools.Fault.cutBefore($0 + 1) } + [.cutAfter(calls.count)]
            for (index, cut) in cuts.enumerated() {
                let place = index < calls.count ? "before \(calls[index])" : "after \(calls[index - 1])"
                let context = "\(pool): \(operation.name) \(index + 1), cut \(place)"
                do {
                    let mayBeDone = index == calls.count
                    for fault in try await check(operation, index + 1, cut, mayBeDone: mayBeDone, sum) {
                        Issue.record("\(context): \(fault)")
                    }
                } catch {
                    Issue.record("\(context): \(error)")
                    return
                }
            }
        }
        try await end(sum)
    }

    /// A pool with one volume, and the sum of what is in it. Of what is created then, one less is cut than of what is deleted.
    private func begin() async throws -> String {
        try await machine.sh(
            """
            modprobe -a dm-mod dm-thin-pool dm-snapshot xfs
            vgcreate -q vg /dev/disk/by-id/virtio-data0
            \(pool == "thin" ? "lvcreate -q --yes --type thin-pool -L 12G -n pool vg 2>/dev/null" : ":")
            """, deadline: .seconds(60))
        try await tools.install()
        try await node.start()
        for name in ["data", "v5"] {
            try await node.convert2nfs("volume create cut/\(name) --pool \(pool) --size 304Mi --client 10.77.0.21")
        }
        return try await machine.sh(
            "head -c 1000000 /dev/urandom >/nfs/cutdata/data; sync -f /nfs/cutdata; sha256sum </nfs/cutdata/data")
    }

    /// Which calls the operation makes that change something.
    private func uncut(_ operation: CutOperation) async throws -> [String] {
        try await tools.set(.none)
        try await node.convert2nfs(operation.command(0))
        let calls = try await tools.calls()
        #expect(!calls.isEmpty, "\(pool): \(operation.name) runs no tool")
        return calls
    }

    /// Cuts it, starts the machine again, and asks again. Answers what is wrong.
    private func check(
        _ operation: CutOperation, _ number: Int, _ cut: FaultyTools.Fault, mayBeDone: Bool, _ sum: String
    ) async throws -> [String] {
        let written = try await machine.sh(
            """
            head -c 65536 /dev/urandom >/nfs/cutdata/written; sync -f /nfs/cutdata; sha256sum </nfs/cutdata/written
            \(FaultyTools.setting(cut))
            convert2nfs \(operation.command(number)) >/run/faults/answer 2>&1 </dev/null &
            """)
        try await machine.waitUntilOff(deadline: .seconds(120))
        try await machine.start()
        try await machine.waitUntilReady()
        try await machine.sh("modprobe -a dm-mod dm-thin-pool dm-snapshot xfs")
        try await node.start()
        var faults = try await look(operation, number, mayBeDone)
        let found = try await sums("/nfs/cutdata/written")
        if found != [written] { faults.append("what was synced before is not there") }
        try await node.convert2nfs(operation.command(number))
        return try await faults + dataFaults(sum)
    }

    private func look(_ operation: CutOperation, _ number: Int, _ mayBeDone: Bool) async throws -> [String] {
        let survey = try await NodeSurvey(of: node, group: "vg", origin: "cut/data")
        var faults = survey.faults(foreign: foreign)
        switch (operation.rule, operation.isDone(survey, number)) {
        case (.isUndone, true) where !mayBeDone: faults.append("it was not undone")
        case (.goesOn, false): faults.append("it did not go on")
        case (.isUndone, _), (.goesOn, true): break
        }
        return faults
    }

    private var foreign: Set<String> { pool == "thin" ? ["pool"] : [] }

    /// The volume and its clones hold what was in it.
    private func dataFaults(_ sum: String) async throws -> [String] {
        try await sums("/nfs/cutdata/data /nfs/cutc*/data").allSatisfy { $0 == sum } ? [] : ["its data is another"]
    }

    private func sums(_ paths: String) async throws -> [String] {
        let text = try await machine.sh("for path in \(paths); do [ ! -e $path ] || sha256sum <$path; done")
        return text.split(separator: "\n").map { $0 + "\n" }
    }

    /// All filesystems that went through cuts are whole, and everything can be deleted.
    private func end(_ sum: String) async throws {
        let report = try await machine.sh(
            """
            kill $(pidof convert2nfsd)
            while pidof convert2nfsd >/dev/null; do sleep 0.1; done
            convert2nfsd retire --config /etc/convert2nfs.yaml >/dev/null
            vgchange -q --activate y vg >/dev/null
            for device in /dev/mapper/vg-cut*; do
                xfs_repair -n $device >/tmp/repair 2>&1 || { echo $device; cat /tmp/repair; }
            done
            """, deadline: .seconds(240))
        #expect(report.isEmpty, "\(pool): \(report)")
        try await node.start()
        #expect(try await dataFaults(sum).isEmpty)
        try await machine.sh(
            "for name in $(convert2nfs volume list -o name); do convert2nfs volume delete $name; done",
            deadline: .seconds(120))
        let survey = try await NodeSurvey(of: node, group: "vg", origin: nil)
        #expect(survey.volumes.isEmpty && survey.faults(foreign: foreign).isEmpty)
    }
}
