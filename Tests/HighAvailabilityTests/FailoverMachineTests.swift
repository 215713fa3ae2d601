import HighAvailability
import StorageCore
import TestSupport
import Testing

@Suite("A node of a pair decides what to do about the service", .tags(.unit))
struct FailoverMachineTests {
    /// A node whose data is on both, next to one that is as it is.
    private func machine(
        _ remains: FailoverMachine.Remains = .nothing, record: PairRecord = PairRecord(seen: Epoch(4), data: Epoch(4))
    ) throws -> FailoverMachine {
        var machine = FailoverMachine(node: try NodeName("b"), priority: 100, record: record, remains: remains)
        _ = machine.handle(.data(.current(other: .same)))
        return machine
    }

    private func report(
        _ role: PairRole, seen: UInt64 = 4, data: UInt64 = 4, address: AddressState = .notHeld
    ) throws -> PairReport {
        PairReport(
            node: try NodeName("a"), role: role, record: PairRecord(seen: Epoch(seen), data: Epoch(data)),
            data: .current(other: .same), address: address)
    }

    private func claim(_ epoch: UInt64, priority: Int = 150) throws -> PairClaim {
        PairClaim(node: try NodeName("a"), epoch: Epoch(epoch), priority: priority)
    }

    @Test("with the address it looks for evidence, writes the epoch down, then serves")
    func takesOver() throws {
        var machine = try machine()
        #expect(machine.role == .standby && machine.fitness == .fit)
        #expect(machine.handle(.address(.held)) == [.seek(Epoch(5))])
        let record = PairRecord(seen: Epoch(5), data: Epoch(4))
        #expect(machine.handle(.evidence(Epoch(5), .found(.fenced))) == [.remember(record), .promote(Epoch(5))])
        #expect(machine.role == .promoting)
        #expect(
            machine.handle(.promoted(Epoch(5), failure: nil)) == [.remember(PairRecord(seen: Epoch(5), data: Epoch(5)))]
        )
        #expect(machine.role == .primary && machine.fitness == .serving)
    }

    @Test("without evidence it waits, says why, and looks again when some time has passed")
    func waits() throws {
        var machine = try machine()
        _ = machine.handle(.address(.held))
        #expect(machine.handle(.evidence(Epoch(5), .missing("no fence command"))) == [])
        #expect(machine.role == .standby && machine.obstacle == "no fence command")
        #expect(machine.handle(.address(.held)) == [])
        #expect(machine.handle(.tick) == [.seek(Epoch(5))])
    }

    @Test("evidence that comes after it has let the other go first is not used")
    func lateEvidence() throws {
        var machine = try machine()
        _ = machine.handle(.address(.held))
        let granted = machine.handle(.claim(try claim(5), try report(.standby)))
        #expect(granted.contains(.answer(isGranted: true)))
        #expect(machine.handle(.evidence(Epoch(5), .found(.granted))).isEmpty)
        #expect(machine.role != .promoting)
    }

    @Test(
        "of two that claim the same epoch the one with the higher priority goes on",
        arguments: [(150, true), (50, false)])
    func claims(priority: Int, isGranted: Bool) throws {
        var machine = try machine()
        _ = machine.handle(.address(.held))
        let actions = machine.handle(.claim(try claim(5, priority: priority), try report(.standby)))
        #expect(actions.contains(.answer(isGranted: isGranted)))
    }

    @Test("what it has let another have it remembers before it answers, and lets nobody have again")
    func grants() throws {
        var machine = try machine()
        #expect(machine.handle(.claim(try claim(4), try report(.standby))) == [.answer(isGranted: false)])
        let actions = machine.handle(.claim(try claim(7), try report(.standby)))
        #expect(
            actions.first == .remember(PairRecord(seen: Epoch(7), data: Epoch(7)))
                && actions.last == .answer(isGranted: true))
        #expect(machine.handle(.claim(try claim(7), try report(.standby))) == [.answer(isGranted: false)])
    }

    @Test(
        "data that may lack something is not served",
        arguments: [DataState.unknown, .outdated("its disk is Consistent (DRBD)"), .failed("its disk is gone")])
    func unfit(data: DataState) throws {
        var machine = try machine()
        _ = machine.handle(.data(data))
        #expect(machine.handle(.address(.held)) == [] && machine.fitness == .unfit)
        #expect(try machine.handle(.takeOver(Epoch(9), report(.standby))) == [.answer(isGranted: false)])
    }

    @Test("who lacks what the other has gets no epoch from it, and knows that it is outdated when it hears of it")
    func ahead() throws {
        var ahead = try machine()
        _ = ahead.handle(.data(.current(other: .outdated)))
        #expect(ahead.handle(.claim(try claim(7), try report(.standby))) == [.answer(isGranted: false)])
        // Nor after a restart, before it has looked at its data, or when it cannot.
        var restarted = FailoverMachine(node: ahead.node, priority: 100, record: ahead.record, remains: .nothing)
        for data in [DataState.unknown, .failed("its disk is gone")] {
            _ = restarted.handle(.data(data))
            #expect(restarted.handle(.claim(try claim(7), try report(.standby))) == [.answer(isGranted: false)])
        }
        var behind = try machine()
        _ = behind.handle(.data(.current(other: .unknown)))
        var told = try report(.standby)
        told.record.isAhead = true
        _ = behind.handle(.peer(told))
        #expect(behind.role == .outdated && behind.handle(.address(.held)).isEmpty)
    }

    @Test("a node that comes back behind is outdated until its data is on both again")
    func comesBack() throws {
        var machine = FailoverMachine(
            node: try NodeName("b"), priority: 200, record: PairRecord(seen: Epoch(4), data: Epoch(4)),
            remains: .nothing)
        _ = machine.handle(.data(.current(other: .unknown)))
        #expect(machine.role == .standby)
        _ = machine.handle(.peer(try report(.primary, seen: 5, data: 5, address: .held)))
        #expect(machine.role == .outdated && machine.fitness == .unfit)
        _ = machine.handle(.data(.current(other: .same)))
        #expect(machine.role == .standby && machine.fitness == .fit && machine.record.data == Epoch(5))
    }

    @Test("a primary that hears of a higher epoch comes down")
    func superseded() throws {
        var machine = try machine(.service(Epoch(4)))
        #expect(machine.role == .primary)
        let actions = machine.handle(.peer(try report(.primary, seen: 5, data: 5)))
        #expect(actions == [.remember(PairRecord(seen: Epoch(5), data: Epoch(4))), .demote])
        _ = machine.handle(.data(.outdated("")))
        #expect(machine.handle(.demoted(failure: nil)).isEmpty && machine.role == .outdated)
    }

    @Test("it moves when asked: down first, then the other has it, and the address")
    func moves() throws {
        var machine = try machine(.service(Epoch(4)))
        _ = machine.handle(.address(.held))
        #expect(throws: StorageError.self) { try machine.move() }
        _ = machine.handle(.peer(try report(.standby)))
        let (outcome, actions) = try machine.move()
        #expect(outcome == .changed && actions == [.demote] && machine.fitness == .unfit)
        #expect(try machine.move().0 == .unchanged)
        #expect(machine.handle(.demoted(failure: nil)).last == .handOver(Epoch(5)))
        #expect(machine.fitness == .unfit && machine.handle(.tick).isEmpty)
        _ = machine.handle(.handedOver(Epoch(5), isTaken: true))
        _ = machine.handle(.address(.fault))
        _ = machine.handle(.peer(try report(.primary, seen: 5, data: 5, address: .held)))
        _ = machine.handle(.data(.current(other: .same)))
        #expect(machine.role == .standby && machine.fitness == .fit)
    }

    @Test("what the other does not take it takes back")
    func notTaken() throws {
        var machine = try machine(.service(Epoch(4)))
        _ = machine.handle(.address(.held))
        _ = machine.handle(.peer(try report(.standby)))
        _ = try machine.move()
        _ = machine.handle(.demoted(failure: nil))
        _ = machine.handle(.handedOver(Epoch(5), isTaken: false))
        #expect(machine.handle(.tick) == [.seek(Epoch(6))])
    }

    @Test("a primary whose storage fails, or whose address is with one that could serve, gives the service away")
    func givesAway() throws {
        var failed = try machine(.service(Epoch(4)))
        _ = failed.handle(.address(.held))
        _ = failed.handle(.peer(try report(.standby)))
        #expect(failed.handle(.data(.failed("its disk is gone"))) == [.demote])
        var isolated = try machine(.service(Epoch(4)))
        _ = isolated.handle(.address(.fault))
        #expect(isolated.handle(.peer(try report(.standby))).isEmpty)
        #expect(isolated.handle(.peer(try report(.standby, address: .held))) == [.demote])
    }

    @Test("one whose demotion failed lets nobody have anything: its storage may be open")
    func stuck() throws {
        var machine = try machine(.parts)
        #expect(machine.start == [.demote])
        _ = machine.handle(.demoted(failure: "/nfs/shopdata is busy"))
        #expect(machine.role == .fault && machine.fitness == .unfit && machine.obstacle == "/nfs/shopdata is busy")
        #expect(machine.handle(.claim(try claim(9), try report(.standby))) == [.answer(isGranted: false)])
        #expect(throws: StorageError.self) { try machine.force() }
    }

    @Test("a promotion that fails is undone, and the other may try")
    func failedPromotion() throws {
        var machine = try machine()
        _ = machine.handle(.peer(try report(.standby)))
        _ = machine.handle(.address(.held))
        _ = machine.handle(.evidence(Epoch(5), .found(.granted)))
        #expect(machine.handle(.promoted(Epoch(5), failure: "no volume group")).last == .demote)
        _ = machine.handle(.demoted(failure: nil))
        #expect(machine.fitness == .unfit && machine.obstacle == "no volume group" && machine.role == .standby)
    }

    @Test("with the address while the other serves, it leaves the address to the other")
    func leavesAddress() throws {
        var machine = try machine()
        _ = machine.handle(.peer(try report(.primary, address: .held)))
        #expect(machine.handle(.address(.held)) == [] && machine.fitness == .unfit)
        _ = machine.handle(.address(.fault))
        #expect(machine.fitness == .fit)
    }

    @Test("an operator may serve without evidence, but not beside one that says it serves")
    func forced() throws {
        var machine = try machine(record: PairRecord(seen: Epoch(9), data: Epoch(4)))
        _ = machine.handle(.data(.outdated("its disk is Consistent (DRBD)")))
        let (outcome, actions) = try machine.force()
        #expect(outcome == .changed && actions.last == .promote(Epoch(10)))
        var second = try self.machine()
        _ = second.handle(.peer(try report(.primary)))
        #expect(throws: StorageError.self) { try second.force() }
    }
}
