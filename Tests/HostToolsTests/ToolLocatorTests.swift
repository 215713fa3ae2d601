import HostTools
import TestSupport
import Testing

@Suite("Finding tools", .tags(.unit))
struct ToolLocatorTests {
    @Test("all missing tools are reported at once, with what to install")
    func reportsAllMissing() async throws {
        try await withScratchDirectory { directory in
            let locator = ToolLocator(directories: [directory])
            let error = #expect(throws: HostError.self) { try locator.locate([.mkfsXFS, .growXFS, .ganesha]) }
            let text = try #require(error).description
            #expect(text.contains("mkfs.xfs, xfs_growfs, ganesha.nfsd"))
            #expect(text.hasSuffix("apt-get install nfs-ganesha nfs-ganesha-vfs xfsprogs"))
        }
    }

    @Test("only an executable file is a tool")
    func wantsExecutables() async throws {
        try await withScratchDirectory { directory in
            try DurableFile.write([], to: "\(directory)/blkid", mode: 0o644)
            let locator = ToolLocator(directories: [directory])
            #expect(throws: HostError.self) { try locator.locate([.blkid]) }
            try DurableFile.write([], to: "\(directory)/blkid", mode: 0o755)
            #expect(try locator.locate([.blkid]).require(.blkid).path == "\(directory)/blkid")
        }
    }

    @Test("relative directories of a PATH are ignored, and those of system administration are always searched")
    func completesSearchPath() {
        let locator = ToolLocator(searchPath: "bin:/opt/x:/usr/bin:")
        #expect(locator.directories == ["/opt/x", "/usr/bin", "/usr/sbin", "/sbin", "/bin"])
    }
}
