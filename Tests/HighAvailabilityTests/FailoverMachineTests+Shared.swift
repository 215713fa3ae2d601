import HighAvailability
import StorageCore
import Testing

/// Of nodes whose storage both reach.
extension FailoverMachineTests {
    @Test(
        "a node that cannot let go keeps the other from serving, but where the storage shuts it out",
        arguments: [false, true]
    )
    func stuck(_ shutsOut: Bool) throws {
        let record = PairRecord(seen: try epoch(4), data: try epoch(4))
        var machine = FailoverMachine(
            node: try NodeName("b"), record: record, remains: .nothing, shutsOut: shutsOut)
        _ = machine.handle(.data(.current(other: .same)))
        var stuck = try report(.fault, served: try other(4))
        stuck.holdsStorage = true
        _ = machine.handle(.peer(stuck))
        let next = max(try other(4), try epoch(4)).next(of: try NodeName("b"))
        #expect(machine.handle(.address(.held)) == (shutsOut ? [.seek(next)] : []))
        guard shutsOut else { return }
        #expect(machine.handle(.evidence(next, .found(.storage))).last == .promote(next, isForced: false))
    }

    /// A node on storage that both reach.
    private func sharing(_ remains: FailoverMachine.Remains = .nothing) throws -> FailoverMachine {
        let served = remains == .service ? try epoch(4) : .none
        var machine = FailoverMachine(
            node: try NodeName("b"), record: PairRecord(seen: try epoch(4), data: try epoch(4), served: served),
            remains: remains, shutsOut: true)
        _ = machine.handle(.data(.current(other: .same)))
        return machine
    }

    @Test("a node that was shut out of what both reach lets go of the service, whether it hears the other or not")
    func shutOut() throws {
        var machine = try sharing(.service)
        #expect(machine.handle(.hold(SharedHold(.lost, epoch: try epoch(4)))) == [.demote])
        #expect(machine.role == .demoting && machine.fitness == .unfit)
    }

    @Test(
        "one that lets go of storage which does not work for it, and serves nobody any more, is not waited for; of others the end is waited for",
        arguments: [DataState.failed("silent"), .outdated("shut out"), .current(other: .same)], [false, true])
    func lettingGo(_ data: DataState, _ isSilent: Bool) throws {
        var machine = try sharing()
        var leaving = try report(.demoting, served: try other(4))
        (leaving.data, leaving.isSilent) = (data, isSilent)
        _ = machine.handle(.peer(leaving))
        let mayBegin = isSilent && data != .current(other: .same)
        #expect(machine.handle(.address(.held)).isEmpty == !mayBegin)
    }

    @Test(
        "where both reach one storage, the service moves once that has been there for the other alone for some seconds")
    func heardSooner() throws {
        var machine = try sharing(.service)
        _ = machine.handle(.data(.failed("silent")))
        #expect(machine.handle(.peer(try report(.standby))).isEmpty)
        for _ in 1..<4 { #expect(machine.handle(.tick).isEmpty) }
        #expect(machine.handle(.data(.current(other: .same))).isEmpty)
        _ = machine.handle(.tick)
        _ = machine.handle(.data(.failed("silent")))
        for _ in 1..<4 { #expect(machine.handle(.tick).isEmpty) }
        #expect(machine.handle(.tick) == [.demote])
    }

    @Test("on its way down it says when its server has ended")
    func silent() throws {
        var machine = try sharing(.service)
        _ = machine.handle(.hold(SharedHold(.lost, epoch: try epoch(4))))
        _ = machine.handle(.data(.outdated("shut out")))
        #expect(machine.report.isSilent == false)
        _ = machine.handle(.silent)
        #expect(machine.report.isSilent == true && machine.report.cannotLetGo)
    }

    @Test("the epoch that storage was opened under last is none that a node takes again")
    func openedBefore() throws {
        var machine = try sharing()
        _ = machine.handle(.hold(SharedHold(.closed, epoch: try other(9))))
        #expect(machine.handle(.address(.held)) == [.seek(try epoch(10))])
    }
}
