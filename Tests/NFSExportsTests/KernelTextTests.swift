import HostTools
import StorageCore
import TestSupport
import Testing

@testable import NFSExports

/// Texts as nfs-utils 2.6.2 and Linux 6.1 write them.
@Suite("What the kernel's NFS server is told and shows", .tags(.unit))
struct KernelTextTests {
    private static let fsid = "5e9f1a70-0000-4000-8000-000000000001"
    private static let common =
        "sync,wdelay,hide,nocrossmnt,secure,no_root_squash,no_all_squash,no_subtree_check,secure_locks,acl,no_pnfs,"
        + "fsid=\(fsid),mountpoint,anonuid=65534,anongid=65534,sec=sys"

    private func export(_ clients: [String], squash: Squash = .none) throws -> Export {
        Export(
            id: try #require(ExportID(17)), fsid: try #require(ExportFSID(Self.fsid)), path: MountPath("/nfs/shopdata"),
            squash: squash, clients: try ClientRule.normalized(clients.map { try Sample.rule($0) }))
    }

    @Test(
        "a line of etab is the rule that was asked for",
        arguments: ["10.77.0.21", "10.77.0.0/24", "fd00::7", "fd00::/64"])
    func ruleOfEtab(_ client: String) throws {
        let line = "/nfs/shopdata\t\(client)(rw,\(Self.common),rw,secure,no_root_squash,no_all_squash)\n"
        #expect(ExportTab(line).entries(at: "/nfs/shopdata").map(\.rule) == (try export([client]).kernelRules))
    }

    @Test(
        "what the kernel has of a path is told by its tables, what has expired or was refused too",
        arguments: [
            ("", KernelControl.Memory.none), ("/nfs/shopdata2\t10.0.0.1(rw)", .none),
            ("/nfs/shopdata\t10.0.0.1(rw)", .served), ("# /nfs/shopdata\t10.0.0.1(rw)", .expired),
            ("10.0.0.1 6 0x79 /nfs/shopdata", .served), ("# 10.0.0.1 6 0x79 /nfs/shopdata", .expired),
            ("# /nfs/shopdata\t10.0.0.2()\n/nfs/shopdata\t10.0.0.1(rw)", .served),
        ])
    func memory(_ lines: String, _ memory: KernelControl.Memory) {
        #expect(KernelControl.memory(of: "/nfs/shopdata", in: "#path domain(flags)\n\(lines)\n") == memory)
        #expect(KernelControl.memory(of: "/nfs/a b", in: "/nfs/a\\040b\t10.0.0.1(rw)\n") == .served)
    }

    @Test(
        "squash is read out of the options",
        arguments: [
            (Squash.none, "no_root_squash,no_all_squash"), (.root, "root_squash,no_all_squash"),
            (.all, "root_squash,all_squash"),
        ])
    func squash(_ squash: Squash, _ options: String) throws {
        let common = Self.common.replacing("no_root_squash,no_all_squash", with: options)
        let line = "/nfs/shopdata\t10.0.0.1(ro,\(common),ro,secure,\(options))"
        #expect(
            ExportTab(line).entries(at: "/nfs/shopdata").map(\.rule)
                == (try export(["10.0.0.1=ro"], squash: squash).kernelRules))
    }

    @Test(
        "what grants more than a rule of ours, or another thing, is none",
        arguments: [
            ("*", "rw,\(common)"), ("client.example", "rw,\(common)"), ("@group", "rw,\(common)"),
            ("[fd00::7]", "rw,\(common)"),
            ("10.0.0.1", "rw,\(common)".replacing("sync", with: "async")),
            ("10.0.0.1", "rw,\(common)".replacing("fsid=\(fsid)", with: "fsid=root")),
            ("10.0.0.1", "rw,\(common)".replacing("sec=sys", with: "sec=krb5")), ("10.0.0.1", "rw,insecure,\(common)"),
            ("10.0.0.1", "rw,\(common)".replacing("fsid=\(fsid),", with: "")),
            ("10.0.0.1", "rw,\(common)".replacing("mountpoint,", with: "")),
            ("10.0.0.1", "rw,\(common)".replacing("anonuid=65534", with: "anonuid=0")),
            ("10.0.0.1", "rw,ro,\(common)"), ("10.0.0.1", "\(common)"), ("10.0.0.1", ""),
        ])
    func foreign(_ client: String, _ options: String) {
        let tab = ExportTab("/nfs/shopdata\t\(client)(\(options))")
        #expect(tab.entries(at: "/nfs/shopdata").map(\.rule) == [nil])
    }

    @Test("paths are unescaped, and lines that are none are left out")
    func paths() {
        let tab = ExportTab("/srv/a\\040b\t10.0.0.1(rw)\n\n# a comment\n/srv/x 10.0.0.1(rw)\n/srv/y\t10.0.0.1\n")
        #expect(tab.entries(at: "/srv/a b").map(\.client) == ["10.0.0.1"])
        for path in ["/srv/a\\040b", "/srv/x", "/srv/y", "# a comment", ""] { #expect(tab.entries(at: path).isEmpty) }
        #expect(!tab.paths.isEmpty && ExportTab("\n\n").paths.isEmpty)
    }

    @Test("a file names each client after the path, the narrowest network first, and says whose it is")
    func file() throws {
        let file = ExportFile(export: try export(["10.0.0.0/8", "10.77.0.0/24=ro", "fd00::7"], squash: .root))
        let lines = file.text.split(separator: "\n").map(String.init)
        #expect(lines[0] == "# convert2nfs export 17 \(Self.fsid) squash=root /nfs/shopdata")
        #expect(
            lines.dropFirst(2).map { $0.prefix { $0 != "(" } } == [
                "\"/nfs/shopdata\" 10.77.0.0/24", "\"/nfs/shopdata\" 10.0.0.0/8", "\"/nfs/shopdata\" fd00::7",
            ])
        let head = try #require(ExportFile.Head(file.text))
        #expect(head.id == file.export.id && head.fsid == file.export.fsid)
        #expect(head.squash == .root && head.path == file.export.path)
    }

    @Test(
        "only our own files are ours",
        arguments: [
            ("convert2nfs-17.exports", true), ("convert2nfs-017.exports", false), ("convert2nfs-0.exports", false),
            ("convert2nfs-65536.exports", false), ("convert2nfs-17.exports.new", false), ("site.exports", false),
        ])
    func names(_ name: String, _ isOurs: Bool) { #expect((ExportFile.id(name) != nil) == isOurs) }

    @Test("files that exportfs reads and that are none of ours are the operator's")
    func operators() throws {
        let directory = try TemporaryDirectory()
        for name in ["site.exports", "convert2nfs-own.exports", "convert2nfs-3.exports", ".hidden.exports", "notes"] {
            try DurableFile.write([], to: "\(directory.path)/\(name)")
        }
        var files = KernelFiles(state: directory.path)
        files.exports = directory.path
        let expected = ["convert2nfs-own.exports", "site.exports"].map { "\(directory.path)/\($0)" }
        #expect(try files.operatorsExports() == ["/etc/exports"] + expected)
        files.exports += "/none"
        #expect(try files.operatorsExports() == ["/etc/exports"])
    }

    @Test(
        "networks are in order when each client gets the access of the narrowest",
        arguments: [
            (["10.77.0.0/24=ro", "10.0.0.0/8"], true), (["10.0.0.0/8", "10.77.0.0/24=ro"], false),
            (["10.0.0.0/8", "10.77.0.0/24"], true), (["10.0.0.0/8", "10.77.0.21=ro"], true),
            (["10.0.0.0/8", "fd00::/64=ro"], true), ([], true),
        ])
    func order(_ clients: [String], _ isInOrder: Bool) throws {
        let export = try export([])
        let rules = try clients.map { KernelRule(try Sample.rule($0), of: export) }
        #expect(rules.areInOrder == isInOrder)
    }

    @Test(
        "a server is as it is wanted, or it is not",
        arguments: [
            ("versions", "+3 +4 -4.0 +4.1 +4.2\n", true), ("versions", "-2 +3 +4 -4.0 +4.1 +4.2\n", true),
            ("versions", "+3 +4 +4.1 +4.2\n", false), ("portlist", "tcp 2049\ntcp 2049\n", false),
            ("portlist", "udp 3049\ntcp 3049\n", false), ("nfsv4leasetime", "90\n", false),
            ("nfsv4gracetime", "90\n", false),
        ])
    func facts(_ name: String, _ content: String, _ isWanted: Bool) throws {
        let directory = try TemporaryDirectory()
        var files = [
            "threads": "16\n", "portlist": "udp 2049\ntcp 2049\nudp 2049\ntcp 2049\n",
            "versions": "+3 +4 -4.0 +4.1 +4.2\n", "nfsv4leasetime": "15\n", "nfsv4gracetime": "20\n",
        ]
        files[name] = content
        for (name, content) in files { try DurableFile.write(Array(content.utf8), to: "\(directory.path)/\(name)") }
        let facts = try #require(try KernelControl(directory: directory.path).facts())
        #expect(facts.threads == 16)
        #expect(KernelSettings().isShown(by: facts) == isWanted)
    }

    @Test("a client's files on a device are found among all that it holds")
    func holders() {
        let states = """
            - 0x00000001e6b8066b8896c65701000000: { type: open, access: -w, deny: --, superblock: "07:00:13", filename: "/open4", owner: "open id:\\x00" }
            - 0x00000001e6b8066b8896c65702000000: { type: lock, superblock: "fe:0a:13", filename: "/other", owner: "lock id:\\x00" }
            """
        #expect(KernelControl.files(of: states, on: DeviceNumber(major: 7, minor: 0)) == ["/open4"])
        #expect(KernelControl.files(of: states, on: DeviceNumber(major: 254, minor: 10)) == ["/other"])
        #expect(KernelControl.files(of: states, on: DeviceNumber(major: 7, minor: 1)).isEmpty)
    }
}
