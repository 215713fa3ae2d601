import NodeAPI
import StorageCore
import TestSupport
import Testing

@testable import Diagnosis

@Suite("What is wrong with a pair", .tags(.unit))
struct PairTests {
    private func faults(_ change: (inout PairStatus) throws -> Void) throws -> [String] {
        var status = try PairStatus.sample()
        // The sample has one of everything, of what is wrong with a copy, too.
        status.copies = []
        try change(&status)
        return PairCheck.verdict(status).findings.map { "\($0.check) \($0.subject)" }
    }

    @Test("nothing, where one serves and the other could")
    func none() throws { #expect(try faults { _ in } == []) }

    @Test("each fault is one finding, about the node it is on")
    func each() throws {
        #expect(try faults { $0.other = nil } == ["pair-node-silent nodes/b"])
        #expect(try faults { $0.other?.role = .outdated } == ["pair-node-outdated nodes/b"])
        #expect(try faults { $0.other?.role = .fault } == ["pair-node-fault nodes/b"])
        #expect(try faults { $0.own.role = .standby } == ["pair-not-served pair"])
        #expect(try faults { $0.own.data = .current(other: .outdated) } == ["pair-one-copy pair"])
        #expect(try faults { $0.isParted = true } == ["pair-parted pair"])
        #expect(try faults { $0.faults = ["keepalived: gone"] } == ["pair-held-up nodes/a"])
        let copy = CopyStatus(volume: try VolumeKey("shop", "data"), asOf: nil, problem: "no space left")
        #expect(try faults { $0.copies = [copy] } == ["pair-held-up volumes/shop/data"])
    }

    @Test("what is said has what to do in it")
    func remedies() throws {
        var status = try PairStatus.sample(isWhole: false)
        status.isParted = true
        let findings = PairCheck.verdict(status).findings
        #expect(findings.allSatisfy { !$0.remedy.isEmpty } && findings.contains { $0.remedy.contains("ha resolve") })
    }
}
