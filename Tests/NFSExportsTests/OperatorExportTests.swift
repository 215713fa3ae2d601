import Glibc
import HostTools
import StorageCore
import TestSupport
import Testing

@testable import NFSExports

@Suite("What an operator exports", .tags(.unit))
struct OperatorExportTests {
    private static let id = "5e9f1a70-0000-4000-8000-000000000001"
    private static let common =
        "wdelay,hide,nocrossmnt,secure,no_subtree_check,secure_locks,acl,no_pnfs,anonuid=65534,anongid=65534,sec=sys"
    private static let usual = "rw,sync,no_root_squash,no_all_squash,\(common)"

    /// `others` are lines of etab, `file` is the text of /etc/exports.
    private func survey(
        _ table: [(client: String, options: String)], others: String = "", file: String = "",
        realPath: String = "/nfs/a"
    ) throws -> OperatorExport {
        let text = table.map { "/nfs/a\t\($0.client)(\($0.options))\n" }.joined()
        let standard = try #require(VolumeID(Self.id))
        return try SurveyedExport(
            mount: .init(MountPath("/nfs/a"), realPath: realPath), table: ExportTab(text + others),
            lines: ExportsFile(file).lines.map { OperatorLine(file: "/etc/exports", line: $0) }, standard: standard,
            filesystem: standard
        ).operatorExport()
    }

    @Test("its clients, squash and fsid are those of its volume")
    func taken() throws {
        let read = Self.usual.replacing("rw,sync", with: "ro,async")
        let export = try survey([("10.0.0.0/8", Self.usual), ("fd00::7", read)])
        #expect(export.fsid.description == Self.id && export.squash == Squash.none && export.unnamed == [])
        #expect(export.clients.map(\.address.description) == ["10.0.0.0/8", "fd00::7"])
        #expect(export.clients.map(\.access) == [.readWrite, .readOnly])
        #expect(export.changes == ["fd00::7: async becomes sync: what a client was told is written is on the disk"])
        let numbered = try survey([("10.0.0.1", "\(Self.usual),fsid=17")])
        #expect(numbered.fsid == .number(17))
        let nobody = try survey([])
        #expect(nobody.fsid.description == Self.id && nobody.squash == nil && nobody.clients == [])
    }

    @Test("who is no address or network is told apart", arguments: ["*", "client.example", "@group", "*.example"])
    func unnamed(_ client: String) throws {
        let export = try survey([(client, Self.usual), ("10.0.0.1", Self.usual)])
        #expect(export.unnamed == [client] && export.clients.count == 1)
    }

    @Test(
        "what a volume's export would break is refused with the reason",
        arguments: [
            ("secure,", "insecure,", "insecure"), ("no_subtree_check", "subtree_check", "file handles"),
            ("sec=sys", "sec=krb5p", "sec=krb5p"), ("no_root_squash", "root_squash,anonuid=7", "anonuid=7"),
            ("sec=sys", "sec=sys,fsid=0", "root of NFSv4"), ("sec=sys", "sec=sys,fsid=root", "root of NFSv4"),
            ("no_all_squash", "all_squash", "all_squash with no_root_squash"), ("no_pnfs", "pnfs", "pnfs"),
            ("sec=sys", "sec=sys,refer=/b@h", "refer=/b@h"), ("hide,", "nohide,", "nohide"),
            ("sec=sys", "sec=sys,security_label", "security_label"), ("sec=sys", "sec=sys,new=1", "new=1"),
        ])
    func refused(_ old: String, _ new: String, _ reason: String) throws {
        var options = Self.usual.replacing(old, with: new)
        if new.contains("anonuid") { options = options.replacing("anonuid=65534,", with: "") }
        let error = #expect(throws: StorageError.self) { try survey([("10.0.0.1", options)]) }
        #expect(error?.code == .conflict && error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }

    @Test("clients that differ in what a volume has once are refused")
    func differing() throws {
        let squashed = Self.usual.replacing("no_root_squash", with: "root_squash")
        for other in [squashed, "\(Self.usual),fsid=17"] {
            #expect(throws: StorageError.self) { try survey([("10.0.0.1", Self.usual), ("10.0.0.2", other)]) }
        }
    }

    @Test(
        "what lets in others than its clients, or by another way, is refused with the reason",
        arguments: [
            ("/nfs/a/b\t10.0.0.9(rw)\n", "", "/nfs/a", "its directory /nfs/a/b is exported too"),
            ("", "/nfs/a/b 10.0.0.9(rw)", "/nfs/a", "/etc/exports exports its directory /nfs/a/b"),
            ("/nfs\t10.0.0.9(rw,crossmnt,sec=sys)\n", "", "/nfs/a", "/nfs is exported with crossmnt"),
            ("/\t10.0.0.9(rw,crossmnt,sec=sys)\n", "", "/nfs/a", "/ is exported with crossmnt"),
            ("", "/nfs -crossmnt 10.0.0.9", "/nfs/a", "/etc/exports exports /nfs with crossmnt"),
            ("/srv\t10.0.0.9(rw,crossmnt)\n", "", "/srv/a", "/srv is exported with crossmnt"),
            ("/srv/a\t10.0.0.9(rw)\n", "", "/srv/a", "it is exported as /srv/a"),
        ])
    func neighbours(_ others: String, _ file: String, _ realPath: String, _ reason: String) throws {
        let error = #expect(throws: StorageError.self) {
            try survey([("10.0.0.1", Self.usual)], others: others, file: file, realPath: realPath)
        }
        #expect(error?.code == .conflict && error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }

    @Test("exports beside it, and one above that does not cross mounts, are no matter")
    func apart() throws {
        let export = try survey(
            [("10.0.0.1", Self.usual)], others: "/nfs\t10.0.0.9(rw,nocrossmnt)\n/nfs/ab\t*(rw,crossmnt)\n",
            file: "/nfs *(rw,nocrossmnt)\n/nfs/ab/c *(rw)")
        #expect(export.clients.map(\.address.description) == ["10.0.0.1"])
    }

    @Test("clients that a file names and nobody serves are told")
    func unserved() throws {
        let export = try survey(
            [("10.0.0.1", Self.usual)], file: "\"/nfs/a\" -ro 10.0.0.1(rw) 10.0.0.2 fd00::/64(rw) name(rw) 10.0.0.3()")
        #expect(
            export.unserved
                == ["10.0.0.2", "fd00::/64", "name", "10.0.0.3"].map { "\($0) (/etc/exports)" })
        // By its own name the table may have another one; and without any, nobody of the names is served.
        let named = try survey([("name.example", Self.usual)], file: "/nfs/a name(rw) 10.0.0.2 (ro)")
        #expect(named.unserved == ["10.0.0.2 (/etc/exports)"] && named.unnamed == ["name.example"])
        #expect(try survey([], file: "/nfs/a (ro)").unserved == ["everybody (/etc/exports)"])
    }

    @Test(
        "an address that is written otherwise than exportfs would write it is refused",
        arguments: ["FD00::/64", "fd00:0::7"])
    func spelling(_ client: String) throws {
        let error = #expect(throws: StorageError.self) { try survey([(client, Self.usual)]) }
        #expect(error?.code == .conflict && error?.message.contains("written otherwise") == true)
    }

    @Test("a client without fsid= beside one that has another is told apart, whatever the kernel knows of the first")
    func mixed() throws {
        let other = "fsid=5e9f1a70-0000-4000-8000-000000000002"
        #expect(throws: StorageError.self) {
            try survey([("10.0.0.1", "\(Self.usual),\(other)"), ("10.0.0.2", Self.usual)])
        }
    }

    @Test("comments, continued lines and line ends are as nfs-utils has them")
    func syntax() {
        let text = "# old \\\n/nfs/a h(rw) # note \\\n/srv/x h(rw)\r\n/srv/y#z h(rw)\n\"/srv/q #\" h(ro) \\\n  i(rw)\n"
        let file = ExportsFile(text)
        #expect(file.lines.map(\.path) == ["/nfs/a", "/srv/x", "/srv/y#z", "/srv/q #"])
        #expect(file.lines.map(\.clients) == [["h"], ["h"], ["h"], ["h", "i"]])
        let retired = String(decoding: file.retiring("why") { $0.path == "/nfs/a" }, as: UTF8.self)
        #expect(retired == text.replacing("/nfs/a h(rw)", with: "# why\n# /nfs/a h(rw)"))
    }

    @Test("what is no UTF-8 stays as it is")
    func bytes() {
        let before = Array("/srv/".utf8) + [0xFC] + Array(" *(rw)\n/nfs/a *(rw)\n".utf8)
        let after = ExportsFile(before).retiring("why") { $0.path == "/nfs/a" }
        #expect(after == Array("/srv/".utf8) + [0xFC] + Array(" *(rw)\n# why\n# /nfs/a *(rw)\n".utf8))
    }

    @Test("a line by a link, or by one above it, exports what its path really is")
    func links() throws {
        func line(_ text: String, _ realPath: String) throws -> OperatorLine {
            OperatorLine(file: "/etc/exports", line: try #require(ExportsFile(text).lines.first), realPath: realPath)
        }
        let mount = OperatorLine.Mounted(MountPath("/nfs/a"), realPath: "/srv/nfs/a")
        #expect(try line("/old *(rw)", "/srv/nfs/a").exports(mount))
        #expect(try line("/nfs/a *(rw)", "/elsewhere").exports(mount))
        #expect(try line("/top *(rw,crossmnt)", "/srv").isAbove(mount))
        #expect(try line("/in *(rw)", "/srv/nfs/a/b").isBelow(mount))
        #expect(try !line("/old *(rw)", "/srv/nfs/ab").concerns(mount))
    }

    @Test("lines that are taken over become comments, and nothing else is changed")
    func retired() {
        let text = #"""
            # the site's
            /srv/own *(ro)
            "/nfs/a" 10.0.0.1(rw) \
              10.0.0.2(ro) # both
            /nfs/ab *(rw)
            /nfs/a/ 10.0.0.3(rw)
            """#
        let file = ExportsFile(text)
        #expect(file.lines.map(\.path) == ["/srv/own", "/nfs/a", "/nfs/ab", "/nfs/a"])
        #expect(file.lines[1].text == #""/nfs/a" 10.0.0.1(rw) 10.0.0.2(ro)"#)
        let expected = #"""
            # the site's
            /srv/own *(ro)
            # why
            # "/nfs/a" 10.0.0.1(rw) \
            #   10.0.0.2(ro) # both
            /nfs/ab *(rw)
            # why
            # /nfs/a/ 10.0.0.3(rw)
            """#
        func retiring(_ file: ExportsFile, where isRetired: (ExportsFile.Line) -> Bool) -> String {
            String(decoding: file.retiring("why", where: isRetired), as: UTF8.self)
        }
        let retired = retiring(file) { $0.path == "/nfs/a" }
        #expect(retired == expected)
        #expect(ExportsFile(retired).lines.map(\.path) == ["/srv/own", "/nfs/ab"])
        #expect(retiring(file) { _ in false } == text)
        for odd in ["", "\n", "/nfs/a *(rw) \\", "/nfs/a *(rw)\n\n"] {
            #expect(retiring(ExportsFile(odd)) { _ in false } == odd)
        }
    }

    @Test("files are written anew through a link, with the mode they have, and only those that have such a line")
    func files() async throws {
        let directory = try TemporaryDirectory()
        var files = KernelFiles(state: directory.path)
        files.exports = "\(directory.path)/exports.d"
        files.operators = "\(directory.path)/exports"
        files.tab = "\(directory.path)/etab"
        try Directory.ensure(files.exports, mode: 0o755)
        try DurableFile.write(Array("/nfs/a *(rw)\n".utf8), to: "\(directory.path)/real", mode: 0o640)
        #expect(symlink("\(directory.path)/real", files.operators) == 0)
        try DurableFile.write(Array("/srv *(rw)\n".utf8), to: "\(files.exports)/site.exports")
        let before = try FileFacts.of("\(files.exports)/site.exports")
        let exports = KernelOperatorExports(files: files)
        let retired = try await exports.retire(MountPath("/nfs/a"))
        #expect(retired == [.init(file: files.operators, text: "/nfs/a *(rw)")])
        #expect(try FileFacts.of("\(directory.path)/real")?.mode == 0o640)
        #expect(try FileFacts.of(files.operators)?.isRegular == false)
        #expect(try ControlFile.read(files.operators)?.hasSuffix("\n# /nfs/a *(rw)") == true)
        #expect(try FileFacts.of("\(files.exports)/site.exports") == before)
        #expect(try await exports.retire(MountPath("/nfs/a")) == [])
    }

    @Test("the UUID that the kernel was told is read out of its table")
    func uuid() {
        let content = """
            #path domain(flags)
            /nfs/ab\t10.0.0.1(rw,sync,uuid=00000000:00000000:00000000:00000001,sec=1)
            # /nfs/a\t10.0.0.1(rw,sync,uuid=00000000:00000000:00000000:00000002,sec=1)
            /nfs/a\t10.0.0.2(rw,sync,wdelay,uuid=5e9f1a70:00004000:80000000:00000001,sec=1)
            """
        #expect(ExportedUUID.of("/nfs/a", in: content)?.description == Self.id)
        #expect(ExportedUUID.of("/nfs/b", in: content) == nil)
    }

    @Test(
        "an fsid is a number or a UUID, however it is punctuated",
        arguments: [
            ("17", "17"), ("4294967295", "4294967295"), ("4294967296", nil), ("0", nil), ("root", nil),
            ("-1", "4294967295"), ("-0", nil),
            ("+1", nil), ("", nil), ("5E9F1A70000040008000000000000001", id), (id, id),
            ("5e9f1a70:00004000:80000000:00000001", id), ("5e9f1a70", nil),
        ] as [(String, String?)])
    func fsid(_ text: String, _ shown: String?) { #expect(ExportFSID(text)?.description == shown) }
}
