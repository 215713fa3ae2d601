import HostTools
import StorageCore
import TestSupport
import Testing

@testable import NFSExports

@Suite("Ganesha's configuration", .tags(.unit))
struct ConfigurationTests {
    private func export(_ rules: [(String, Access)], squash: Squash = .root) throws -> Export {
        Export(
            id: try #require(ExportID(7)), fsid: try #require(ExportFSID("00000000-0000-0001-0000-000000000002")),
            path: MountPath("/nfs/shopdata"), squash: squash,
            clients: try ClientRule.normalized(
                rules.map { ClientRule(address: try ClientAddress($0.0), access: $0.1) }))
    }

    private func configuration(
        _ adjust: (inout GaneshaSettings) -> Void = { _ in }
    ) throws -> GaneshaConfiguration {
        var settings = try GaneshaSettings()
        adjust(&settings)
        return GaneshaConfiguration(
            settings: settings, files: try GaneshaFiles(directory: "/var/lib/nfs state"),
            pluginDirectory: "/usr/lib/ganesha")
    }

    @Test("a machine without a mount table is told how to make one")
    func mountTable() throws {
        let toolbox = try ToolLocator.ofThisProcess.locate(GaneshaTools.names)
        let error = #expect(throws: StorageError.self) { try GaneshaTools(toolbox, mountTable: "/nonexistent/mtab") }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("ln -s /proc/self/mounts /nonexistent/mtab") == true)
    }

    @Test("an export is its volume's path and fsid, closed to all but the named clients")
    func block() throws {
        let text = GaneshaConfiguration.block(try export([("10.0.0.0/24", .readWrite), ("fd00::7", .readOnly)]))
        #expect(
            text == """
                EXPORT {
                    Export_Id = 7;
                    Path = "/nfs/shopdata";
                    Pseudo = "/nfs/shopdata";
                    Filesystem_Id = 1.2;
                    Access_Type = NONE;
                    Squash = root_squash;
                    FSAL { Name = VFS; }
                    CLIENT { Clients = 255.255.255.255; Access_Type = NONE; Squash = root_squash; }
                    CLIENT { Clients = 10.0.0.0/24; Access_Type = RW; Squash = root_squash; }
                    CLIENT { Clients = fd00::7; Access_Type = RO; Squash = root_squash; }
                }

                """)
    }

    @Test("narrower networks come before the wider ones that hold them")
    func order() throws {
        let text = GaneshaConfiguration.block(
            try export([
                ("10.0.0.0/8", .readOnly), ("10.0.0.5", .readWrite), ("10.0.0.0/24", .readWrite),
                ("fd00::/8", .readOnly), ("fd00::1", .readWrite),
            ]))
        let order = ["10.0.0.5;", "10.0.0.0/24;", "10.0.0.0/8;", "fd00::1;", "fd00::/8;"].map { client in
            text.split(separator: "\n").firstIndex { $0.contains("Clients = \(client)") } ?? -1
        }
        #expect(order == order.sorted() && !order.contains(-1))
    }

    @Test("only the first server ever does without a grace period, and that is no difference to restart for")
    func grace() throws {
        let configuration = try configuration()
        #expect(configuration.complete([], isFirst: true).contains("Graceless = true;"))
        #expect(configuration.complete([], isFirst: false).contains("Graceless = false;"))
        #expect(configuration.complete([], isFirst: false) == configuration.main)
    }

    @Test("every setting makes another configuration, so that a change of it is seen")
    func settings() throws {
        let changes: [@Sendable (inout GaneshaSettings) -> Void] = [
            { _ in }, { $0.nfsPort = 1 }, { $0.mountdPort = 1 }, { $0.lockManagerPort = 1 }, { $0.versions = [.v4] },
            { $0.minorVersions = [1] }, { $0.udp = false }, { $0.leaseSeconds = 1 }, { $0.graceSeconds = 1 },
            { $0.serverScope = "other" },
        ]
        #expect(Set(try changes.map { try configuration($0).main }).count == changes.count)
    }

    @Test(
        "settings that cannot be are refused",
        arguments: [
            { try GaneshaSettings(nfsPort: 0) }, { try GaneshaSettings(nfsPort: 20048) },
            { try GaneshaSettings(versions: []) }, { try GaneshaSettings(minorVersions: []) },
            { try GaneshaSettings(minorVersions: [3]) }, { try GaneshaSettings(leaseSeconds: 121) },
            { try GaneshaSettings(graceSeconds: 0) }, { try GaneshaSettings(serverScope: "a\"; x") },
        ] as [@Sendable () throws -> GaneshaSettings])
    func impossible(_ make: @Sendable () throws -> GaneshaSettings) {
        #expect { try make() } throws: { ($0 as? StorageError)?.code == .invalidArgument }
    }

    @Test("a state directory that no configuration file or socket can hold is refused")
    func directories() throws {
        for path in ["relative", "/a\"b", "/a\\b", "/a\nb", "/" + String(repeating: "x", count: 99)] {
            #expect { try GaneshaFiles(directory: path) } throws: { ($0 as? StorageError)?.code == .invalidArgument }
        }
        _ = try GaneshaFiles(directory: "/" + String(repeating: "x", count: 97))
    }

    @Test("a socket's path is escaped as D-Bus addresses want it")
    func address() {
        #expect(DBusAddress.unixSocket("/run/a-b_c.d/x") == "unix:path=/run/a-b_c.d/x")
        #expect(DBusAddress.unixSocket("/a b,c;<&é") == "unix:path=/a%20b%2cc%3b%3c%26%c3%a9")
    }
}

@Suite("What Ganesha displays", .tags(.unit))
struct ServedExportTests {
    typealias Client = ServedExport.Client

    /// Options as NFS-Ganesha 4.3 showed them.
    private static let none = Client(text: "255.255.255.255/32", options: 0x330_3002, set: 0x1E7)
    private static let writer = Client(text: "127.0.0.1/32", options: 0x330_31E2, set: 0x1E7)
    private static let reader = Client(text: "10.0.0.0/24", options: 0x330_30A2, set: 0x1E7)

    private func observed(_ clients: [Client], pseudo: String = "/nfs/a") throws -> ObservedExport {
        try #require(ServedExport(id: 3, path: "/nfs/a", pseudo: pseudo, clients: clients).observed)
    }

    private func rule(_ address: String, _ access: Access) throws -> ClientRule {
        ClientRule(address: try ClientAddress(address), access: access)
    }

    @Test("clients, access and squash are read from the option bits")
    func decoded() throws {
        let export = try observed([Self.none, Self.writer, Self.reader])
        #expect(export.squash == .root)
        #expect(export.clients == [try rule("10.0.0.0/24", .readOnly), try rule("127.0.0.1", .readWrite)])
    }

    @Test("the pseudo root is no export")
    func pseudoRoot() {
        #expect(ServedExport(id: 0, path: "/", pseudo: "/", clients: []).observed == nil)
    }

    @Test(
        "access that no rule can say is never mistaken for what is wanted",
        arguments: [
            Client(text: "*", options: 0x330_31E2, set: 0x1E7),
            Client(text: "host.example", options: 0x330_31E2, set: 0x1E7),
            Client(text: "10.0.0.0/24", options: 0x330_31E0, set: 0x1E7),
            Client(text: "10.0.0.0/24", options: 0x330_3082, set: 0x1E7),
            Client(text: "10.0.0.0/24", options: 0x330_31E1, set: 0x1E7),
        ])
    func foreign(_ client: Client) throws {
        let nobody = ClientRule(address: .nobody, access: .readWrite)
        #expect(try observed([Self.none, Self.writer, client]).clients.contains(nobody))
        #expect(try observed([Self.none, client]).clients.contains(nobody))
    }

    @Test("an export without our marker, or at another path of the pseudo filesystem, differs from all that is wanted")
    func notOurs() throws {
        let nobody = ClientRule(address: .nobody, access: .readWrite)
        #expect(try observed([]).clients == [nobody])
        #expect(try observed([Self.none], pseudo: "/other").clients == [nobody])
    }
}
