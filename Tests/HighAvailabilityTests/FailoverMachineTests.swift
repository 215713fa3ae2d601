import HighAvailability
import StorageCore
import TestSupport
import Testing

@Suite("A node of a pair decides what to do about the service", .tags(.unit))
struct FailoverMachineTests {
    /// A node whose data is on both, next to one that is as it is.
    private func machine(
        _ remains: FailoverMachine.Remains = .nothing, record: PairRecord? = nil
    ) throws -> FailoverMachine {
        let standard = PairRecord(
            seen: try epoch(4), data: try epoch(4), served: remains == .service ? try epoch(4) : .none)
        var machine = FailoverMachine(node: try NodeName("b"), record: record ?? standard, remains: remains)
        _ = machine.handle(.data(.current(other: .same)))
        return machine
    }

    /// Of the node that is looked at.
    func epoch(_ number: UInt64) throws -> Epoch { Epoch(number, of: try NodeName("b")) }
    /// Of the other one.
    func other(_ number: UInt64) throws -> Epoch { Epoch(number, of: try NodeName("a")) }

    /// Of the other one; `served` is what it serves under, or has.
    func report(
        _ role: PairRole, served: Epoch = .none, address: AddressState = .notHeld
    ) throws -> PairReport {
        let seen = max(try epoch(4), served)
        return PairReport(
            node: try NodeName("a"), role: role, record: PairRecord(seen: seen, data: seen, served: served),
            data: .current(other: .same), address: address,
            holdsStorage: [.promoting, .primary, .demoting].contains(role))
    }

    @Test("with the address it looks for evidence, writes the epoch down, then serves")
    func takesOver() throws {
        var machine = try machine()
        let next = try epoch(5)
        #expect(machine.role == .standby && machine.fitness == .fit)
        #expect(machine.handle(.address(.held)) == [.seek(next)])
        let taken = PairRecord(seen: next, data: next)
        let actions = machine.handle(.evidence(next, .found(.fenced)))
        #expect(actions == [.remember(taken), .promote(next, isForced: false)] && machine.role == .promoting)
        let served = PairRecord(seen: next, data: next, served: next)
        #expect(machine.handle(.promoted(next, failure: nil)) == [.remember(served)])
        #expect(machine.role == .primary && machine.fitness == .serving)
    }

    /// The other one, which serves and always has what is not here.
    private func leader(_ role: PairRole = .primary) throws -> PairReport {
        var report = try report(role, served: try other(4))
        report.record.isAhead = true
        report.data = .current(other: .outdated)
        return report
    }

    @Test(
        "a copy that follows the other's is one to serve from while that serves or is away, and not while it is there and could"
    )
    func follows() throws {
        var machine = try machine()
        _ = machine.handle(.data(.current(other: .followed)))
        _ = machine.handle(.peer(try leader()))
        #expect(machine.role == .standby && machine.report.isFit && machine.report.isFollowing)
        _ = machine.handle(.peer(try leader(.outdated)))
        #expect(machine.role == .outdated && machine.fitness == .unfit)
        _ = machine.handle(.peer(nil))
        #expect(machine.role == .standby)
        #expect(machine.handle(.address(.held)) == [.seek(try epoch(5))])
    }

    @Test("of two that have both written without the other none serves, until what one of them wrote counts no more")
    func parted() throws {
        var machine = try machine()
        _ = machine.handle(.data(.current(other: .outdated)))
        _ = machine.handle(.peer(try leader()))
        #expect(!machine.isParted, "the other one serves")
        _ = machine.handle(.peer(try leader(.outdated)))
        #expect(machine.handle(.address(.held)) == [])
        #expect(machine.isParted && machine.role == .outdated && machine.fitness == .unfit)
        var disowned = try leader(.outdated)
        disowned.record.isAhead = false
        disowned.data = .outdated("its data was given up")
        let actions = machine.handle(.peer(disowned))
        #expect(actions.contains(.seek(try epoch(5))), "\(actions)")
        #expect(!machine.isParted && machine.role == .standby)
    }

    @Test(
        "one that served before the other did, and is the one to count, lacks nothing once the other's data is given up"
    )
    func countsAgain() throws {
        var machine = try machine(record: PairRecord(seen: try epoch(3), data: try epoch(3), served: try epoch(3)))
        _ = machine.handle(.data(.current(other: .outdated)))
        _ = machine.handle(.peer(try leader(.outdated)))
        #expect(machine.isParted && machine.record.isOutdated)
        var disowned = try leader(.outdated)
        disowned.record.isAhead = false
        disowned.data = .outdated("its data was given up")
        _ = machine.handle(.peer(disowned))
        #expect(!machine.record.isOutdated && machine.role == .standby)
    }

    @Test("what others follow moves in order: it comes down, and is handed over once the other has all")
    func movesToFollower() throws {
        var machine = try machine(.service)
        _ = machine.handle(.data(.current(other: .outdated)))
        var follower = try report(.standby)
        #expect(throws: StorageError.self) { try machine.move() }
        follower.data = .current(other: .followed)
        _ = machine.handle(.peer(follower))
        #expect(try machine.move().1 == [.demote])
        // The last of it could not be copied: it stays.
        var kept = machine
        _ = kept.handle(.demoted(.current(other: .outdated), failure: nil))
        #expect(kept.obstacle != nil && kept.record.isAhead)
        let actions = machine.handle(.demoted(.current(other: .followed), failure: nil))
        #expect(actions.contains(.handOver(try other(5))) && !machine.record.isAhead)
    }

    @Test("one that wrote what the other lacks lets that have nothing while it is there itself")
    func leads() throws {
        var machine = try machine()
        _ = machine.handle(.data(.current(other: .outdated)))
        var follower = try report(.standby)
        follower.data = .current(other: .followed)
        #expect(machine.handle(.claim(try other(9), follower)).contains(.answer(isGranted: false)))
    }

    @Test("without evidence it waits, says why, and looks again when some time has passed")
    func waits() throws {
        var machine = try machine()
        _ = machine.handle(.address(.held))
        #expect(machine.handle(.evidence(try epoch(5), .missing("no fence command"))) == [])
        #expect(machine.role == .standby && machine.obstacle == "no fence command")
        #expect(machine.handle(.address(.held)) == [])
        #expect(machine.handle(.tick) == [.seek(try epoch(5))])
    }

    /// What may happen while evidence is on its way.
    enum Meanwhile: CaseIterable { case granted, otherServes, disk }

    @Test("evidence that comes when it no longer holds is not used", arguments: Meanwhile.allCases)
    func lateEvidence(_ meanwhile: Meanwhile) throws {
        var machine = try machine()
        _ = machine.handle(.address(.held))
        switch meanwhile {
        case .granted: _ = machine.handle(.claim(try other(6), try report(.standby)))
        case .otherServes: _ = machine.handle(.peer(try report(.primary, served: other(6))))
        case .disk: _ = machine.handle(.data(.outdated("its disk is Outdated (DRBD)")))
        }
        let before = machine.record
        #expect(machine.handle(.evidence(try epoch(5), .found(.granted))).isEmpty)
        #expect(machine.role != .promoting && machine.record == before)
    }

    @Test("of two that claim at once the one with the higher epoch goes on", arguments: [(5, false), (6, true)])
    func claims(number: UInt64, isGranted: Bool) throws {
        var machine = try machine()
        _ = machine.handle(.address(.held))
        let actions = machine.handle(.claim(try other(number), try report(.standby)))
        #expect(actions.contains(.answer(isGranted: isGranted)))
    }

    @Test("what it lets another have it remembers before it answers, and takes nothing itself for a while")
    func grants() throws {
        var machine = try machine()
        #expect(machine.handle(.claim(try other(4), try report(.standby))) == [.answer(isGranted: false)])
        let actions = machine.handle(.claim(try other(7), try report(.standby)))
        #expect(actions == [.remember(PairRecord(seen: try other(7), data: try epoch(4))), .answer(isGranted: true)])
        _ = machine.handle(.data(.current(other: .same)))
        #expect(machine.handle(.claim(try other(7), try report(.standby))) == [.answer(isGranted: false)])
        #expect(machine.handle(.address(.held)).isEmpty && machine.fitness == .unfit)
        #expect(throws: StorageError.self) { try machine.force() }
        for _ in 0..<FailoverMachine.grantLasts { #expect(machine.handle(.tick).isEmpty) }
    }

    @Test(
        "data that may lack something is not served",
        arguments: [DataState.unknown, .outdated("its disk is Consistent (DRBD)"), .failed("its disk is gone")])
    func unfit(data: DataState) throws {
        var machine = try machine()
        _ = machine.handle(.data(data))
        #expect(machine.handle(.address(.held)) == [] && machine.fitness == .unfit)
        #expect(machine.handle(.takeOver(try epoch(9), try report(.standby))) == [.answer(isGranted: false)])
    }

    @Test("who lacks what the other has gets no epoch from it, and knows that it is outdated when it hears of it")
    func ahead() throws {
        var ahead = try machine()
        _ = ahead.handle(.data(.current(other: .outdated)))
        #expect(ahead.handle(.claim(try other(7), try report(.standby))) == [.answer(isGranted: false)])
        // Nor after a restart, before it has looked at its data, or when it cannot.
        var restarted = FailoverMachine(node: ahead.node, record: ahead.record, remains: .nothing)
        for data in [DataState.unknown, .failed("its disk is gone")] {
            _ = restarted.handle(.data(data))
            #expect(restarted.handle(.claim(try other(7), try report(.standby))) == [.answer(isGranted: false)])
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
        var machine = try machine()
        _ = machine.handle(.data(.current(other: .unknown)))
        #expect(machine.role == .standby)
        _ = machine.handle(.peer(try report(.primary, served: other(5), address: .held)))
        #expect(machine.role == .outdated && machine.fitness == .unfit)
        _ = machine.handle(.data(.current(other: .same)))
        #expect(machine.role == .standby && machine.fitness == .fit)
        #expect(machine.record.data == (try other(5)))
    }

    @Test("a primary that hears that a higher epoch was served under comes down; one that was only tried is no reason")
    func superseded() throws {
        var machine = try machine(.service)
        #expect(machine.role == .primary)
        var tried = try report(.standby)
        tried.record.seen = try other(5)
        #expect(machine.handle(.peer(tried)).isEmpty)
        #expect(machine.handle(.peer(try report(.primary, served: other(5)))).last == .demote)
        _ = machine.handle(.demoted(.outdated(""), failure: nil))
        #expect(machine.role == .outdated)
    }

    @Test("it moves when asked: down first, then the other has it; the address goes once clients hear nothing more")
    func moves() throws {
        var machine = try machine(.service)
        _ = machine.handle(.address(.held))
        #expect(throws: StorageError.self) { try machine.move() }
        _ = machine.handle(.peer(try report(.standby)))
        let (outcome, actions) = try machine.move()
        #expect(outcome == .changed && actions == [.demote] && machine.fitness == .serving)
        #expect(try machine.move().0 == .unchanged)
        #expect(machine.handle(.silent).isEmpty && machine.fitness == .unfit)
        #expect(machine.handle(.demoted(.current(other: .same), failure: nil)).last == .handOver(try other(5)))
        #expect(machine.fitness == .unfit && machine.handle(.tick).isEmpty)
        _ = machine.handle(.handedOver(try other(5), isTaken: true))
        _ = machine.handle(.address(.fault))
        _ = machine.handle(.peer(try report(.primary, served: other(5), address: .held)))
        _ = machine.handle(.data(.current(other: .same)))
        #expect(machine.role == .standby && machine.fitness == .fit)
    }

    @Test(
        "the address stays for the last answers, but for some seconds only, and not where it is not here or the other serves",
        arguments: [
            [.silent], [.unvouched], [.tick, .tick, .tick, .tick, .tick],
            [.demoted(.current(other: .same), failure: nil)],
        ] as [[FailoverMachine.Event]])
    func addressForAnswers(events: [FailoverMachine.Event]) throws {
        var machine = try machine(.service)
        _ = machine.handle(.peer(try report(.standby)))
        _ = try machine.move()
        #expect(machine.fitness == .unfit)

        machine = try self.machine(.service)
        _ = machine.handle(.address(.held))
        _ = machine.handle(.peer(try report(.standby)))
        _ = try machine.move()
        var other = machine
        for event in events {
            #expect(machine.fitness == .serving)
            _ = machine.handle(event)
        }
        #expect(machine.fitness == .unfit)
        _ = other.handle(.peer(try report(.primary, served: try self.other(9), address: .held)))
        #expect(other.fitness == .unfit)
    }

    @Test("what it is given it takes, once, and says so again when asked again")
    func takes() throws {
        var machine = try machine()
        let actions = machine.handle(.takeOver(try epoch(5), try report(.standby)))
        #expect(actions.suffix(2) == [.answer(isGranted: true), .promote(try epoch(5), isForced: false)])
        #expect(machine.handle(.takeOver(try epoch(5), try report(.standby))) == [.answer(isGranted: true)])
        #expect(machine.handle(.takeOver(try epoch(6), try report(.standby))) == [.answer(isGranted: false)])
    }

    @Test("what the other does not take it takes back")
    func notTaken() throws {
        var machine = try machine(.service)
        _ = machine.handle(.address(.held))
        _ = machine.handle(.peer(try report(.standby)))
        _ = try machine.move()
        _ = machine.handle(.demoted(.current(other: .same), failure: nil))
        _ = machine.handle(.handedOver(try other(5), isTaken: false))
        #expect(machine.handle(.tick) == [.seek(try epoch(6))])
    }

    @Test("what turns out to be ahead when it has come down is not given away")
    func aheadAfterwards() throws {
        var machine = try machine(.service)
        _ = machine.handle(.peer(try report(.standby)))
        _ = try machine.move()
        let actions = machine.handle(.demoted(.current(other: .outdated), failure: nil))
        #expect(actions.allSatisfy { if case .handOver = $0 { false } else { true } })
        #expect(machine.fitness == .fit)
    }

    @Test(
        "a primary whose storage fails, or whose address is with one that could serve for a while, gives the service away"
    )
    func givesAway() throws {
        var failed = try machine(.service)
        _ = failed.handle(.address(.held))
        _ = failed.handle(.peer(try report(.standby)))
        #expect(failed.handle(.data(.failed("its disk is gone"))) == [.demote])
        var isolated = try machine(.service)
        _ = isolated.handle(.address(.fault))
        _ = isolated.handle(.peer(try report(.standby, address: .held)))
        #expect(isolated.handle(.tick).isEmpty)
        #expect(isolated.handle(.tick) == [.demote])
    }

    @Test("one whose demotion failed lets nobody have anything, for its storage may be open, and tries again")
    func stuck() throws {
        var machine = try machine(.parts)
        #expect(machine.start == [.demote])
        _ = machine.handle(.demoted(.current(other: .same), failure: "/nfs/shopdata is busy"))
        #expect(machine.role == .fault && machine.fitness == .unfit && machine.obstacle == "/nfs/shopdata is busy")
        #expect(machine.report.holdsStorage)
        #expect(machine.handle(.claim(try other(9), try report(.standby))) == [.answer(isGranted: false)])
        #expect(throws: StorageError.self) { try machine.force() }
        #expect(machine.handle(.tick) == [.demote])
    }

    @Test("a promotion that fails is undone, says nothing of what was served, and the other may try")
    func failedPromotion() throws {
        var machine = try machine()
        _ = machine.handle(.peer(try report(.standby)))
        _ = machine.handle(.address(.held))
        _ = machine.handle(.evidence(try epoch(5), .found(.granted)))
        #expect(machine.handle(.promoted(try epoch(5), failure: "no volume group")).last == .demote)
        _ = machine.handle(.demoted(.current(other: .same), failure: nil))
        #expect(machine.fitness == .unfit && machine.obstacle == "no volume group" && machine.role == .standby)
        #expect(machine.record.served == .none)
    }

    @Test("a crash on the way up leaves it as fit as it was")
    func crashed() throws {
        var machine = try machine()
        _ = machine.handle(.address(.held))
        _ = machine.handle(.evidence(try epoch(5), .found(.fenced)))
        var again = FailoverMachine(node: machine.node, record: machine.record, remains: .nothing)
        _ = again.handle(.data(.current(other: .unknown)))
        #expect(again.role == .standby)
    }

    @Test("with the address while the other serves and has it too, it leaves the address to the other")
    func leavesAddress() throws {
        var machine = try machine()
        _ = machine.handle(.peer(try report(.primary, served: epoch(4), address: .held)))
        // It may have ended since it said that.
        #expect(machine.handle(.address(.held)) == [] && machine.fitness == .fit)
        _ = machine.handle(.peer(try report(.primary, served: epoch(4), address: .held)))
        #expect(machine.fitness == .unfit)
        _ = machine.handle(.address(.fault))
        #expect(machine.fitness == .unfit)
        // It serves no more, or has lost the address itself.
        _ = machine.handle(.peer(try report(.primary, served: epoch(4), address: .fault)))
        #expect(machine.fitness == .fit)
    }

    @Test("while the other takes over, however long that takes, the address is left to it")
    func leavesTheAddress() throws {
        var machine = try machine()
        _ = machine.handle(.peer(try report(.promoting, address: .held)))
        #expect(machine.role == .standby && machine.fitness == .unfit)
        _ = machine.handle(.peer(nil))
        #expect(machine.fitness == .fit, "it is gone")
        _ = machine.handle(.peer(try report(.primary, served: try other(5), address: .held)))
        _ = machine.handle(.data(.current(other: .same)))
        #expect(machine.fitness == .fit, "it keeps the address by its priority")
    }

    @Test("an operator may serve without evidence, but not beside one that says it serves")
    func forced() throws {
        var machine = try machine(record: PairRecord(seen: try epoch(9), data: try epoch(4)))
        _ = machine.handle(.data(.outdated("its disk is Consistent (DRBD)")))
        let (outcome, actions) = try machine.force()
        #expect(outcome == .changed && actions.last == .promote(try epoch(10), isForced: true))
        var second = try self.machine()
        _ = second.handle(.peer(try report(.primary, served: epoch(4))))
        #expect(throws: StorageError.self) { try second.force() }
    }
}
