import StorageCore
import Testing

@testable import NodeAPI

@Suite("Requests")
struct RequestTests {
    @Test("a create request with everything becomes the spec it asks for")
    func full() throws {
        let body = """
            {"namespace": "shop", "name": "data", "size": "10Gi", "pool": "fast", "filesystem": "ext4", "squash": "root",
             "clients": [{"address": "10.0.0.7", "access": "ro"}, {"address": "10.0.0.0/24", "access": "rw"}],
             "source": {"snapshot": {"namespace": "shop", "volume": "old", "name": "monday"}}}
            """
        let spec = try CreateVolumeRequest(body: Array(body.utf8)).spec(defaultPool: PoolName("default"))
        let key = try VolumeKey("shop", "data")
        let expected = try VolumeSpec(
            key: key, capacity: .gibibytes(10), pool: PoolName("fast"), filesystem: .ext4, squash: .root,
            clients: [
                ClientRule(address: ClientAddress("10.0.0.0/24"), access: .readWrite),
                ClientRule(address: ClientAddress("10.0.0.7"), access: .readOnly),
            ],
            source: .snapshot(SnapshotKey(volume: VolumeKey("shop", "old"), name: SnapshotName("monday"))))
        #expect(spec == expected)
    }

    @Test("what a create request leaves open comes from the defaults")
    func defaults() throws {
        let request = try CreateVolumeRequest(
            body: Array(#"{"namespace":"shop","name":"data","capacityBytes":1073741824}"#.utf8))
        let spec = try request.spec(defaultPool: PoolName("p"), defaultFilesystem: .ext4, defaultSquash: .all)
        #expect(spec.pool.value == "p")
        #expect(spec.filesystem == .ext4)
        #expect(spec.squash == .all)
        #expect(spec.clients.isEmpty)
        #expect(spec.source == nil)
        #expect(try request.spec(defaultPool: PoolName("p")).filesystem == .xfs)
    }

    /// Each is put into an otherwise valid request.
    @Test(
        "a create request that is wrong is refused with the key, what it has and what is allowed",
        arguments: [
            (
                #""Pool": "x""#,
                "the request has the unknown key \"Pool\"; known are namespace, name, capacityBytes, size"
            ),
            (#""pool": 5"#, "pool is the number 5; send a string"),
            (#""pool": null"#, "pool is null; send a string"),
            (#""pool": "..""#, "pool: the pool name \"..\" has the character '.'; use 1 to 63 characters"),
            (#""filesystem": "btrfs""#, "filesystem is the string \"btrfs\"; send one of \"xfs\", \"ext4\""),
            (#""squash": true"#, "squash is true; send one of \"none\", \"root\", \"all\""),
            (#""size": "1Gi""#, "capacityBytes and size say the same thing; send one of them"),
            (#""clients": {}"#, "clients is an object; send a list of objects"),
            (#""clients": ["10.0.0.1"]"#, "clients[0] is the string \"10.0.0.1\"; send an object"),
            (#""clients": [{}]"#, "clients[0].address is missing; send an address or a network like 10.0.0.0/24"),
            (
                #""clients": [{"address": "*", "access": "rw"}]"#,
                "clients[0].address: the client \"*\" is not an address"
            ),
            (
                #""clients": [{"address": "::/0", "access": "rw"}]"#,
                "clients[0].address: the client \"::/0\" is everyone; name the networks"
            ),
            (
                #""clients": [{"address": "10.0.0.1", "access": "rw"}, {"address": "10.0.0.2", "access": "RW"}]"#,
                "clients[1].access is the string \"RW\"; send one of \"rw\", \"ro\""
            ),
            (#""clients": [{"address": "10.0.0.1"}]"#, "clients[0].access is missing; send \"rw\" or \"ro\""),
            (
                #""clients": [{"address": "10.0.0.1", "access": "rw", "squash": "root"}]"#,
                "clients[0] has the unknown key \"squash\"; known are address, access"
            ),
            (
                #""clients": [{"address": "10.0.0.1", "access": "rw"}, {"address": "10.0.0.1", "access": "ro"}]"#,
                "clients: the client 10.0.0.1 is named both rw and ro; name it once"
            ),
            (#""source": "shop/data""#, "source is the string \"shop/data\"; send an object"),
            (#""source": {}"#, "source must have one of \"snapshot\" and \"volume\""),
            (#""source": {"volume": {"namespace": "a"}}"#, "source.volume.name is missing; send the volume's name"),
            (
                #""source": {"volume": {"namespace": "a", "name": "b"}, "snapshot": {"namespace": "a", "volume": "b", "name": "c"}}"#,
                "source must have one of \"snapshot\" and \"volume\""
            ),
            (
                #""source": {"snapshot": {"namespace": "a", "volume": "b", "name": "C"}}"#,
                "source.snapshot.name: the snapshot name \"C\" has the character 'C'"
            ),
            (#""source": {"pool": 1}"#, "source has the unknown key \"pool\"; known are snapshot, volume"),
        ])
    func wrongCreate(member: String, message: String) {
        let body = #"{"namespace": "shop", "name": "data", "capacityBytes": 1073741824, \#(member)}"#
        let error = #expect(throws: StorageError.self) { try CreateVolumeRequest(body: Array(body.utf8)) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.hasPrefix(message) == true, "\(error?.message ?? "")")
    }

    @Test(
        "a capacity is a whole number of bytes, at least 1",
        arguments: [
            ("1.5", "capacityBytes is the number 1.5; send a whole number up to 9223372036854775807"),
            ("1e9", "capacityBytes is the number 1e9; send a whole number up to"),
            ("1e400", "capacityBytes is the number 1e400; send a whole number up to"),
            ("9223372036854775808", "capacityBytes is the number 9223372036854775808; send a whole number up to"),
            ("-1", "capacityBytes is -1; send the number of bytes, at least 1"),
            ("0", "capacityBytes is 0; send the number of bytes, at least 1"),
            (#""1Gi""#, "capacityBytes is the string \"1Gi\"; send a whole number"),
            ("true", "capacityBytes is true; send a whole number"),
            ("[1]", "capacityBytes is a list; send a whole number"),
        ])
    func wrongCapacity(number: String, message: String) {
        let body = #"{"namespace": "shop", "name": "data", "capacityBytes": \#(number)}"#
        let error = #expect(throws: StorageError.self) { try CreateVolumeRequest(body: Array(body.utf8)) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.hasPrefix(message) == true, "\(error?.message ?? "")")
    }

    @Test(
        "a size is a quantity",
        arguments: [
            (#""""#, #"size: the size "" is not a quantity"#),
            (#""10GB""#, #"size: the size "10GB" is not a quantity"#),
            (#""-1Gi""#, #"size: the size "-1Gi" is not a quantity"#), ("1", "size is the number 1; send a string"),
            (#""16Ei""#, #"size: the size "16Ei" is larger than 8 EiB"#),
            (#""0""#, "size: the size 0 is not positive"),
        ])
    func wrongSize(size: String, message: String) {
        let body = #"{"namespace": "shop", "name": "data", "size": \#(size)}"#
        let error = #expect(throws: StorageError.self) { try CreateVolumeRequest(body: Array(body.utf8)) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.hasPrefix(message) == true, "\(error?.message ?? "")")
    }

    @Test(
        "sizes are read to the byte", arguments: [("10Gi", 10 << 30), ("500M", 500_000_000), ("1073741824", 1 << 30)])
    func sizes(text: String, bytes: Int64) throws {
        let body = #"{"namespace": "shop", "name": "data", "size": "\#(text)"}"#
        #expect(try CreateVolumeRequest(body: Array(body.utf8)).capacity == ByteCount(bytes))
    }

    @Test(
        "names that are missing, empty, too long or a path are refused",
        arguments: [
            (#""name": "data""#, "namespace is missing; send the volume's namespace"),
            (#""namespace": "shop""#, "name is missing; send the volume's name"),
            (#""namespace": "", "name": "data""#, #"namespace: the namespace "" is empty"#),
            (#""namespace": "../etc", "name": "data""#, #"namespace: the namespace "../etc" has the character '.'"#),
            (#""namespace": "shop", "name": "Data""#, #"name: the volume name "Data" has the character 'D'"#),
        ])
    func wrongNames(members: String, message: String) {
        let body = #"{\#(members), "size": "1Gi"}"#
        let error = #expect(throws: StorageError.self) { try CreateVolumeRequest(body: Array(body.utf8)) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.hasPrefix(message) == true, "\(error?.message ?? "")")
    }

    @Test("a value of any length is refused with a message of bounded length", arguments: [65_536, 4_000_000])
    func long(length: Int) {
        let long = String(repeating: "a", count: length)
        let bodies = [
            #"{"namespace": "\#(long)", "name": "data", "size": "1Gi"}"#,
            #"{"namespace": "shop", "name": "data", "size": "\#(long)"}"#,
            #"{"namespace": "shop", "name": "data", "size": "1Gi", "\#(long)": 1}"#,
            #"{"namespace": "shop", "name": "data", "capacityBytes": \#(String(repeating: "9", count: length))}"#,
            #"{"namespace": "shop", "name": "data", "size": "1Gi", "squash": "\#(long)"}"#,
        ]
        for body in bodies {
            let error = #expect(throws: StorageError.self) { try CreateVolumeRequest(body: Array(body.utf8)) }
            #expect(error?.code == .invalidArgument)
            #expect((error?.message.utf8.count ?? 0) < 300)
        }
    }

    @Test("a request that is no object is refused", arguments: ["[]", "1", "null", #""x""#, "true"])
    func noObject(body: String) {
        let error = #expect(throws: StorageError.self) { try CreateVolumeRequest(body: Array(body.utf8)) }
        #expect(error?.message.hasSuffix("; send an object") == true)
    }

    @Test("an update changes what it names and nothing else")
    func update() throws {
        let grow = try UpdateVolumeRequest(body: Array(#"{"size": "2Gi"}"#.utf8))
        #expect(grow == UpdateVolumeRequest(capacity: .gibibytes(2)))
        let nobody = try UpdateVolumeRequest(body: Array(#"{"clients": [], "squash": "all"}"#.utf8))
        #expect(nobody == UpdateVolumeRequest(clients: [], squash: .all))
    }

    @Test(
        "an update that is wrong is refused",
        arguments: [
            ("{}", "the request changes nothing; send one or more of capacityBytes, size, clients, squash"),
            (
                #"{"pool": "x"}"#,
                "the request has the unknown key \"pool\"; known are capacityBytes, size, clients, squash"
            ),
            (#"{"capacityBytes": 1, "size": "1"}"#, "capacityBytes and size say the same thing; send one of them"),
        ])
    func wrongUpdate(body: String, message: String) {
        let error = #expect(throws: StorageError.self) { try UpdateVolumeRequest(body: Array(body.utf8)) }
        #expect(error?.message == message)
    }

    @Test("client and snapshot requests are read as strictly")
    func small() throws {
        #expect(try ClientAccessRequest(body: Array(#"{"access": "ro"}"#.utf8)).access == .readOnly)
        #expect(try CreateSnapshotRequest(body: Array(#"{"name": "monday"}"#.utf8)).name.value == "monday")
        #expect(throws: StorageError.self) { try ClientAccessRequest(body: Array("{}".utf8)) }
        #expect(throws: StorageError.self) { try ClientAccessRequest(body: Array(#"{"access": "ro", "a": 1}"#.utf8)) }
        #expect(throws: StorageError.self) { try CreateSnapshotRequest(body: Array(#"{"name": ""}"#.utf8)) }
        #expect(throws: StorageError.self) { try CreateSnapshotRequest(body: Array(#"{}"#.utf8)) }
    }

    @Test("what a client writes, a server reads as the same request")
    func roundTrip() throws {
        let key = try VolumeKey("shop", "data")
        let rules = [ClientRule(address: try ClientAddress("fd00::/64"), access: .readOnly)]
        let create = CreateVolumeRequest(
            key: key, capacity: .gibibytes(1), pool: try PoolName("p"), filesystem: .ext4, squash: .root,
            clients: rules, source: .volume(try VolumeKey("shop", "old")))
        let bare = CreateVolumeRequest(key: key, capacity: .gibibytes(1))
        let update = UpdateVolumeRequest(capacity: .gibibytes(2), clients: rules, squash: .all)
        let coder = WireCoder()
        #expect(try CreateVolumeRequest(body: Array(coder.encode(create))) == create)
        #expect(try CreateVolumeRequest(body: Array(coder.encode(bare))) == bare)
        #expect(try UpdateVolumeRequest(body: Array(coder.encode(update))) == update)
        let access = ClientAccessRequest(access: .readOnly)
        #expect(try ClientAccessRequest(body: Array(coder.encode(access))) == access)
        let snapshot = CreateSnapshotRequest(name: try SnapshotName("monday"))
        #expect(try CreateSnapshotRequest(body: Array(coder.encode(snapshot))) == snapshot)
    }
}
