import ArgumentParser
import NodeAPI
import StorageCore
import Testing

@testable import convert2nfs

@Suite("Command lines")
struct ParsingTests {
    @Test("a create with everything is read as it is written")
    func create() async throws {
        let command = try await parse(
            VolumeCreate.self,
            "volume create shop/data --size 10Gi --pool fast --filesystem ext4 --squash root --client 10.0.0.0/24 "
                + "--client fd00::7=ro --server http://node:8080 --token-file /t --timeout 1.5 -o json")
        #expect(command.key == (try VolumeKey("shop", "data")))
        #expect(command.size == .gibibytes(10))
        #expect(command.pool?.value == "fast")
        #expect(command.filesystem == .ext4)
        #expect(command.squash == .root)
        #expect(
            command.clients == [
                ClientRule(address: try ClientAddress("10.0.0.0/24"), access: .readWrite),
                ClientRule(address: try ClientAddress("fd00::7"), access: .readOnly),
            ])
        #expect(command.connection.server == .url("http://node:8080"))
        #expect(command.connection.tokenFile == "/t")
        #expect(command.connection.timeout == .milliseconds(1500))
        #expect(command.format == .json)
    }

    @Test("a copy names a snapshot or a volume, and needs no size")
    func copies() async throws {
        let snapshot = try await parse(VolumeCreate.self, "volume create shop/b --from-snapshot shop/a@monday")
        #expect(snapshot.fromSnapshot?.description == "shop/a@monday")
        let volume = try await parse(VolumeCreate.self, "volume create shop/b --from-volume shop/a --size 2Gi")
        #expect(volume.fromVolume?.description == "shop/a")
    }

    @Test(
        "every verb is there",
        arguments: [
            "health", "node", "pool list", "operation list", "operation show 7", "volume list", "volume list -n shop",
            "volume show a/b", "volume resize a/b 2Gi", "volume clients a/b", "volume clients a/b --add 10.0.0.1=ro",
            "volume clients a/b --set 10.0.0.1 --set 10.0.0.2=ro", "volume clients a/b --clear",
            "volume clients a/b --remove 10.0.0.1 --add 10.0.0.2", "volume delete a/b --snapshots",
            "volume manifest a/b", "volume check a/b", "snapshot create a/b@c", "snapshot list a/b",
            "snapshot delete a/b@c", "health -o yaml", "health --output name", "health --server unix:///run/x.sock",
        ])
    func verbs(line: String) async throws {
        _ = try await Convert2NFS.parse(line.split(separator: " ").map(String.init))
    }

    @Test(
        "a wrong command line is refused with what is wrong, as usage (64)",
        arguments: [
            ("volume create", "Missing expected argument '<volume>'"),
            ("volume create shop/data", "a new volume needs a size; add --size, like --size 10Gi"),
            ("volume create data --size 1Gi", "a volume is written NAMESPACE/NAME, like shop/data"),
            ("volume create a/b/c --size 1Gi", "a volume is written NAMESPACE/NAME, like shop/data"),
            ("volume create a/B --size 1Gi", "the volume name \"B\" has the character 'B'"),
            ("volume create ../b --size 1Gi", "the namespace \"..\" has the character '.'"),
            ("volume create a/b --size 10GB", "the size \"10GB\" is not a quantity"),
            ("volume create a/b --size 0", "the size 0 is not positive"),
            ("volume create a/b --size 1Gi --filesystem btrfs", "The value 'btrfs' is invalid"),
            ("volume create a/b --size 1Gi --client *", "the client \"*\" is not an address"),
            ("volume create a/b --size 1Gi --client 10.0.0.1=rx", "the access \"rx\" is neither rw nor ro"),
            (
                "volume create a/b --from-volume a/c --from-snapshot a/c@d",
                "a volume is copied from a snapshot or from a volume"
            ),
            ("volume clients a/b --set 10.0.0.1 --add 10.0.0.2", "--set and --clear name all clients"),
            ("volume clients a/b --set 10.0.0.1 --clear", "--set and --clear name all clients"),
            ("volume clients a/b --add 10.0.0.1 --remove 10.0.0.1", "10.0.0.1 is to be added and removed"),
            ("snapshot create a/b", "a snapshot is written NAMESPACE/NAME@SNAPSHOT"),
            ("snapshot create a@b", "a snapshot is written NAMESPACE/NAME@SNAPSHOT"),
            ("health --timeout 0", "a timeout is a number of seconds"),
            ("health --timeout nan", "a timeout is a number of seconds"),
            ("health --server node:8080", "\"node:8080\" is not a server"),
            ("health -o xml", "The value 'xml' is invalid"),
            ("volume frobnicate", "Unexpected argument 'frobnicate'"),
            ("volume list --namspace shop", "Unknown option '--namspace'"),
            ("health now", "Unexpected argument 'now'"),
        ])
    func wrong(line: String, message: String) async {
        do {
            _ = try await Convert2NFS.parse(line.split(separator: " ").map(String.init))
            Issue.record("it was accepted")
        } catch {
            #expect(Convert2NFS.exitCode(for: error).rawValue == ExitStatus.usage.rawValue)
            #expect(Convert2NFS.fullMessage(for: error).contains(message), "\(Convert2NFS.fullMessage(for: error))")
        }
    }

    @Test("the server is the one named, else the environment's, else the local socket")
    func server() async throws {
        let bare = try await parse(HealthCommand.self, "health").connection
        let named = try await parse(HealthCommand.self, "health --server http://a").connection
        let environment = ["CONVERT2NFS_SERVER": "http://b"]
        #expect(try named.address(environment: environment) == .url("http://a"))
        #expect(try bare.address(environment: environment) == .url("http://b"))
        #expect(try bare.address(environment: ["CONVERT2NFS_SERVER": ""]) == .standard)
        #expect(try bare.address(environment: [:]).description == "unix:///run/convert2nfs/convert2nfs.sock")
        #expect(throws: ValidationError.self) { try bare.address(environment: ["CONVERT2NFS_SERVER": "b"]) }
    }

    @Test("a completion script is made for each shell", arguments: ["bash", "zsh", "fish"])
    func completions(shell: String) async {
        do {
            _ = try await Convert2NFS.parse(["--generate-completion-script", shell])
            Issue.record("no script")
        } catch {
            #expect(Convert2NFS.exitCode(for: error).isSuccess)
            let script = Convert2NFS.fullMessage(for: error)
            for word in ["volume", "snapshot", "manifest", "from-snapshot", "token-file"] {
                #expect(script.contains(word), "\(shell) lacks \(word)")
            }
        }
    }

    private func parse<Command: AsyncParsableCommand>(_ type: Command.Type, _ line: String) async throws -> Command {
        try #require(try await Convert2NFS.parse(line.split(separator: " ").map(String.init)) as? Command)
    }
}
