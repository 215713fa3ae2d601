import StorageCore
import TestSupport
import Testing

@Suite("Mount paths and specs", .tags(.unit))
struct PathTemplateTests {
    @Test(
        "a template makes a directory directly below the root",
        arguments: [
            ("{namespace}{name}", "/nfs/shopdata"), ("{namespace}-{name}", "/nfs/shop-data"),
            ("vol_{name}.{namespace}", "/nfs/vol_data.shop"),
        ])
    func fills(_ pattern: String, _ path: String) throws {
        let template = try PathTemplate(root: "/nfs/", pattern: pattern)
        #expect(template.path(for: try Sample.key("shop/data")).value == path)
    }

    @Test(
        "a template that could leave the root or lose a name is refused",
        arguments: [
            ("/nfs", "{namespace}"), ("/nfs", "{name}"), ("/nfs", "{namespace}/{name}"),
            ("/nfs", "../{namespace}{name}"),
            ("/nfs", "{namespace}{name}{name}"), ("/", "{namespace}{name}"), ("nfs", "{namespace}{name}"),
            ("/nfs/../etc", "{namespace}{name}"), ("/nfs", ".{namespace}{name}"), ("/n fs", "{namespace}{name}"),
        ])
    func refuses(_ root: String, _ pattern: String) {
        #expect(throws: StorageError.self) { try PathTemplate(root: root, pattern: pattern) }
    }

    @Test(
        "a volume too small for its filesystem is refused with the least size", arguments: [FilesystemKind.xfs, .ext4])
    func minimum(_ kind: FilesystemKind) throws {
        let small = kind.minimumCapacity - .mebibytes(1)
        let error = try #require(throws: StorageError.self) {
            try Sample.spec("shop/data", capacity: small, filesystem: kind)
        }
        #expect(error.message.contains(kind.minimumCapacity.quantity))
        #expect(try Sample.spec("shop/data", capacity: kind.minimumCapacity, filesystem: kind).filesystem == kind)
    }
}
