import Glibc
import NFSClient
import NFSExports
import NodeAPI
import StorageCore
import TestSupport
import Testing

@testable import Diagnosis

@Suite("What is wrong with an export", .tags(.unit))
struct ExportTests {
    @Test(
        "a client has the access of the narrowest rule it falls under, or none",
        arguments: [
            ("10.1.2.3", "10.0.0.0/8=rw"), ("10.7.2.3", "10.7.0.0/16=ro"), ("11.0.0.1", nil), ("fd00::1", nil),
        ] as [(String, String?)])
    func access(from: String, rule: String?) throws {
        let verdict = ExportsCheck.access(try Samples.volume(), try ClientAddress(from))
        if let rule {
            #expect(verdict.notes == ["\(from) is let in by the rule \(rule)"] && verdict.findings == [])
        } else {
            #expect(verdict.findings.map(\.check) == ["client-not-allowed"])
            #expect(verdict.findings.first?.remedy == "convert2nfs volume clients shop/data --add \(from)")
        }
    }

    @Test("a volume without clients is worth a note and no finding")
    func nobody() throws {
        let verdict = ExportsCheck.access(try Samples.volume(clients: []), nil)
        #expect(verdict.findings == [] && verdict.notes.count == 1)
        #expect(ExportsCheck.access(try Samples.volume(), nil) == Verdict())
    }

    @Test("what is served otherwise than the catalog says is told by how it differs")
    func differences() throws {
        let volume = try Samples.volume()
        let wanted = ObservedExport(volume.export)
        #expect(ExportSight(volume: volume, served: wanted, table: nil, daemon: Samples.daemon).finding == nil)
        #expect(
            ExportSight(volume: volume, served: nil, table: nil, daemon: Samples.daemon).finding?.check
                == "not-exported")
        let other = ObservedExport(id: wanted.id, path: wanted.path, squash: .all, clients: [])
        let ganesha = try #require(
            ExportSight(volume: volume, served: other, table: nil, daemon: Samples.daemon).finding)
        #expect(ganesha.check == "export-differs")
        #expect(ganesha.evidence.hasPrefix("/nfs/shopdata for nobody, squash all instead of /nfs/shopdata for 10."))
        let right = ExportTab("/nfs/shopdata\t10.0.0.0/8(rw,fsid=\(volume.id))\n")
        #expect(
            ExportSight(volume: volume, served: other, table: right, daemon: Samples.daemon).finding?.check
                == "export-differs")
        let wrong = ExportTab("/nfs/shopdata\t10.0.0.0/8(rw,fsid=0)\n/nfs/other\t*(rw,fsid=1)\n")
        let finding = try #require(
            ExportSight(volume: volume, served: other, table: wrong, daemon: Samples.daemon).finding)
        #expect(finding.check == "fsid-differs" && finding.evidence.contains("10.0.0.0/8(fsid=0,rw)"))
    }

    @Test(
        "an operator's line that exports a volume is found, however it is written",
        arguments: [
            ("/nfs/shopdata *(rw)", true), ("/nfs/shopdata/ *(rw)", true), ("\"/nfs/shopdata\" *(rw)", true),
            ("/nfs/shop\\144ata\t10.0.0.1(ro) # own", true), ("/nfs/shopdata \\\n  10.0.0.1(ro)", true),
            ("/nfs *(ro,crossmnt)", true), ("/ *(ro,crossmnt)", true), ("/nfs *(ro)", false),
            ("/nfs/shop *(rw,crossmnt)", false), ("/nfs/shopdata2 *(rw)", false), ("# /nfs/shopdata *(rw)", false),
            ("", false),
        ])
    func operators(text: String, isFound: Bool) throws {
        let lines = ExportsFile("/srv/own *(ro)\n\(text)\n").lines.map { OperatorLine(file: "/etc/exports", line: $0) }
        let found = OperatorExportsCheck.findings(of: try Samples.volume(), in: lines)
        #expect(found.map(\.check) == (isFound ? ["foreign-export"] : []))
        #expect(found.allSatisfy { $0.evidence.hasPrefix("/etc/exports: ") })
    }

    @Test(
        "a proof of use that fails says where, and a squashed user's refusal is none",
        arguments: [
            (ExportCheck.Step.mount, EACCES, Squash.none, Fault.useFailed), (.create, EACCES, .none, .useFailed),
            (.create, EACCES, .root, nil), (.write, ENOSPC, .none, .volumeFull),
            (.create, EROFS, .all, .filesystemReadOnly),
            (.read, ETIMEDOUT, .all, .useFailed),
        ] as [(ExportCheck.Step, Int32, Squash, Fault?)])
    func use(step: ExportCheck.Step, code: Int32, squash: StorageCore.Squash, fault: Fault?) throws {
        let error = NFSError(code: code, operation: "o", message: "m")
        let outcome = ExportCheck.Outcome(steps: [], failure: .init(step: step, error: error))
        let verdict = UseCheck.judge(outcome, of: try Samples.volume(squash: squash), Samples.daemon)
        #expect(verdict.findings.map(\.check) == [fault].compactMap { $0?.rawValue })
        #expect(verdict.notes.isEmpty == (fault != nil))
    }
}
