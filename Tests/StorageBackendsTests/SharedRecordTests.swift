import RBDWire
import StorageCore
import TestSupport
import Testing

@testable import StorageBackends

@Suite("What a pair on Ceph writes down of itself", .tags(.unit))
struct SharedRecordTests {
    private static let old = "10.0.0.1:0/17"
    private static let new = "10.0.0.1:0/18"

    private func record() throws -> (SharedRecord, a: NodeName, b: NodeName) {
        var record = SharedRecord(pair: "a b hash")
        let (a, b) = (try NodeName("a"), try NodeName("b"))
        record[a].clients = [Self.old]
        record[a].hosts = ["10.0.0.1"]
        record[b].hosts = ["[fd00::2]"]
        record.owner = a
        record.epoch = Epoch(7, of: a)
        return (record, a, b)
    }

    @Test(
        "it is read as it was written, and what is nothing of the kind is none",
        arguments: ["", "{}", "7", "{\"pair\":"])
    func text(_ nonsense: String) throws {
        let (record, _, _) = try record()
        #expect(SharedRecord(record.text) == record)
        #expect(SharedRecord(nonsense) == nil)
    }

    @Test(
        "the kind of a lock holder's address is no part of it",
        arguments: [
            ("v1:10.0.0.1:0/42", "10.0.0.1:0/42"), ("v2:10.0.0.1:0/42", "10.0.0.1:0/42"),
            ("any:10.0.0.1:0/42", "10.0.0.1:0/42"), ("10.0.0.1:0/42", "10.0.0.1:0/42"),
            ("v1:[fd00::1]:0/42", "[fd00::1]:0/42"), ("[fd00::1]:0/42", "[fd00::1]:0/42"), ("", ""),
        ])
    func kindOfAddress(_ written: String, _ address: String) { #expect(RBDAddress.untyped(written) == address) }

    @Test("whoever is to be shut out stays so until he is, whatever is shut out beside")
    func expelled() throws {
        var (record, a, b) = try record()
        record.expel([Self.old], of: a)
        #expect(record[a].clients.isEmpty && record.leaving == [Self.old] && record.expelled.contains(Self.old))
        record.expel(["10.0.0.9:0/1"], of: b)
        record.noteFenced(["10.0.0.9:0/1"])
        #expect(record.leaving == [Self.old])
        record.noteFenced([Self.old])
        #expect(record.leaving.isEmpty && record[a].fenced == [Self.old] && record[b].fenced == ["10.0.0.9:0/1"])
        #expect(record.expelled.contains(Self.old) && !record.expelled.contains(Self.new))
    }

    @Test(
        "a client is of the node that wrote it down, or that comes from there, or of neither",
        arguments: [
            (old, "a"), (new, "a"), ("[fd00::2]:0/5", "b"), ("10.0.0.3:0/17", nil), ("", nil),
        ] as [(String, String?)])
    func owner(_ address: String, _ name: String?) throws {
        #expect(try record().0.node(of: address) == name)
    }

    @Test("one that is known is of its node, also from an address that is the other's now")
    func moved() throws {
        var (record, a, b) = try record()
        record[a].hosts = []
        record[b].hosts = ["10.0.0.1"]
        #expect(record.node(of: Self.old) == "a" && record.node(of: Self.new) == "b")
    }
}
