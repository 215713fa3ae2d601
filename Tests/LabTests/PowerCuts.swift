import HostTools
import Lab
import Testing

/// What is cut, in turn. Each change is asked for with numbers from 0 on: uncut, then for each cut.
struct CutOperation: Sendable {
    enum Rule {
        /// A crash takes it back, unless it was done already (docs/decisions/0011-what-rolls-back.md).
        case isUndone
        /// A crash does not keep it from its end.
        case goesOn
    }

    let name: String
    let rule: Rule
    /// What has to be done before it, uncut.
    var preparation: (@Sendable (Int) -> String)?
    let command: @Sendable (Int) -> String
    let isDone: @Sendable (NodeSurvey, Int) -> Bool

    private static func creation(_ number: Int, in pool: String) -> String {
        "volume create cut/v\(number) --pool \(pool) --size 304Mi --client 10.77.0.21"
    }

    static func create(_ pool: String) -> CutOperation {
        CutOperation(name: "create", rule: .isUndone) {
            creation($0, in: pool)
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

    static func delete(_ pool: String) -> CutOperation {
        CutOperation(name: "delete", rule: .goesOn, preparation: { creation($0, in: pool) }) {
            "volume delete cut/v\($0)"
        } isDone: {
            $0.volume("v\($1)") == nil
        }
    }
}

/// One machine with one pool, through all its cuts.
struct PowerCuts {
    /// Where its volumes are.
    struct Place: Sendable {
        let pool: String
        /// Of the configuration.
        let pools: String
        let modules: String
        /// Makes what is there before the daemon.
        let making: String
        let storage: any SurveyedStorage
        /// What else lies there.
        let foreign: Set<String>
        /// Lets `devices` be those of all volumes, while no daemon runs.
        let showing: String
    }

    private let machine: Machine
    private let place: Place
    private let operations: [CutOperation]
    private let node: Node
    private let tools: FaultyTools

    init(_ machine: Machine, _ place: Place, _ operations: [CutOperation]) {
        self.machine = machine
        self.place = place
        self.operations = operations
        tools = FaultyTools(machine: machine)
        node = Node(
            machine: machine, server: "kernel", pools: "pools: [\(place.pools)]",
            toolDirectory: FaultyTools.directory)
    }

    private var pool: String { place.pool }

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

    /// A pool with one volume, and the sum of what is in it.
    private func begin() async throws -> String {
        try await machine.sh(
            """
            \(place.modules)
            \(place.making)
            """, deadline: .seconds(60))
        try await tools.install()
        try await node.start()
        try await node.convert2nfs("volume create cut/data --pool \(pool) --size 304Mi --client 10.77.0.21")
        return try await machine.sh(
            "head -c 1000000 /dev/urandom >/nfs/cutdata/data; sync -f /nfs/cutdata; sha256sum </nfs/cutdata/data")
    }

    /// Which calls the operation makes that change something.
    private func uncut(_ operation: CutOperation) async throws -> [String] {
        try await prepare(operation, 0)
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
        try await prepare(operation, number)
        let written = try await machine.sh(
            """
            head -c 65536 /dev/urandom >/nfs/cutdata/written; sync -f /nfs/cutdata; sha256sum </nfs/cutdata/written
            \(FaultyTools.setting(cut))
            convert2nfs \(operation.command(number)) >/run/faults/answer 2>&1 </dev/null &
            """)
        try await machine.waitUntilOff(deadline: .seconds(120))
        try await machine.start()
        try await machine.waitUntilReady()
        try await machine.sh(place.modules)
        try await node.start()
        var faults = try await look(operation, number, mayBeDone)
        let found = try await sums("/nfs/cutdata/written")
        if found != [written] { faults.append("what was synced before is not there") }
        try await node.convert2nfs(operation.command(number))
        return try await faults + dataFaults(sum)
    }

    private func prepare(_ operation: CutOperation, _ number: Int) async throws {
        if let preparation = operation.preparation { try await node.convert2nfs(preparation(number)) }
    }

    private func look(_ operation: CutOperation, _ number: Int, _ mayBeDone: Bool) async throws -> [String] {
        let survey = try await NodeSurvey(of: node, place.storage, origin: "cut/data")
        var faults = survey.faults(foreign: place.foreign)
        switch (operation.rule, operation.isDone(survey, number)) {
        case (.isUndone, true) where !mayBeDone: faults.append("it was not undone")
        case (.goesOn, false): faults.append("it did not go on")
        case (.isUndone, _), (.goesOn, true): break
        }
        return faults
    }

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
            convert2nfs volume list -o name | sed 's|^|convert2nfs.|; s|/|.|' >/root/images
            kill $(pidof convert2nfsd)
            while pidof convert2nfsd >/dev/null; do sleep 0.1; done
            convert2nfsd retire --config /etc/convert2nfs.yaml >/dev/null
            \(place.showing)
            for device in $devices; do
                xfs_repair -n $device >/tmp/repair 2>&1 || { echo $device; cat /tmp/repair; }
            done
            for path in /sys/bus/rbd/devices/*; do [ ! -e $path ] || echo ${path##*/} >/sys/bus/rbd/remove_single_major; done
            """, deadline: .seconds(240))
        #expect(report.isEmpty, "\(pool): \(report)")
        try await node.start()
        #expect(try await dataFaults(sum).isEmpty)
        try await machine.sh(
            "for name in $(convert2nfs volume list -o name); do convert2nfs volume delete $name; done",
            deadline: .seconds(120))
        let survey = try await NodeSurvey(of: node, place.storage, origin: nil)
        #expect(survey.volumes.isEmpty && survey.faults(foreign: place.foreign).isEmpty)
    }
}
