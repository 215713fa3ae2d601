import HostTools
import TestSupport
import Testing

@Suite("The mount table", .tags(.unit))
struct MountTableTests {
    /// Captured from Linux 6.18, with one line from proc_pid_mountinfo(5) that has optional fields.
    private static let captured = #"""
        23 1 254:0 / / rw,relatime shared:1 master:2 - ext4 /dev/root rw,errors=continue
        91 23 7:12 / /nfs/shopdata rw,nosuid,nodev,relatime - xfs /dev/loop12 rw,attr2,inode64,logbufs=8
        92 23 7:13 / /mnt/with\040space\134and\011tab rw - ext4 /dev/loop13 rw
        36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
        """#

    @Test("lines of the kernel are read, with and without optional fields and with escaped characters")
    func parses() throws {
        let entries = try MountTable.parse(Array(Self.captured.utf8))
        #expect(entries.map(\.mountPoint) == ["/", "/nfs/shopdata", "/mnt/with space\\and\ttab", "/mnt2"])
        #expect(entries.map(\.filesystem) == ["ext4", "xfs", "ext4", "ext3"])
        #expect(entries[1].device == DeviceNumber(major: 7, minor: 12))
        #expect(entries[1].source == "/dev/loop12")
        #expect(entries[1].options.contains("nosuid"))
        #expect(entries[3].root == "/mnt1")
    }

    @Test(
        "a line that is not of the documented form is an error that shows it",
        arguments: ["nonsense", "23 1 254:0 / / rw,relatime shared:1 ext4 /dev/root rw", "23 1 254 / / rw - ext4 a b"])
    func refuses(_ line: String) {
        let error = #expect(throws: HostError.self) { try MountTable.parse(Array(line.utf8)) }
        #expect(error?.description.contains(line) == true)
    }

    @Test("this machine's table is read and says what / is")
    func readsOwn() throws {
        #expect(try MountTable.current().contains { $0.mountPoint == "/" })
        #expect(try MountPoint.device(at: "/proc") != nil)
        #expect(try MountPoint.device(at: "/proc/self") == nil)
        #expect(try MountPoint.device(at: "/nonexistent/path") == nil)
    }
}
