import TestSupport
import Testing

@testable import NFSExports

@Suite("The programs beside the kernel's NFS server", .tags(.unit))
struct KernelHelperTests {
    @Test("what is remembered of rpcbind is each program as it is registered, or as it was if it is not")
    func registrations() {
        func registration(_ program: UInt32, _ port: UInt16) -> PortMapper.Registration {
            .init(program: program, version: 3, network: "tcp", port: port)
        }
        let (nfs, mountd, moved) = (registration(100_003, 2049), registration(100_005, 20048), registration(100_005, 9))
        let other = registration(100_000, 111)
        #expect(KernelServer.remembered([], with: [nfs, mountd, other]) == [nfs, mountd])
        #expect(KernelServer.remembered([nfs, mountd], with: [nfs, other]) == [nfs, mountd])
        #expect(KernelServer.remembered([nfs, mountd], with: []) == [nfs, mountd])
        #expect(KernelServer.remembered([nfs, mountd], with: [nfs, moved]) == [nfs, moved])
    }

    @Test(
        "a registration of nfsd is told again only while nfsd shows its version and its port",
        arguments: [
            (3, "tcp", 2049, true), (4, "tcp6", 2049, true), (3, "udp", 2049, false), (3, "tcp", 2050, false),
            (2, "tcp", 2049, false),
        ] as [(UInt32, String, UInt16, Bool)])
    func served(_ version: UInt32, _ network: String, _ port: UInt16, _ isServed: Bool) {
        let facts = KernelFacts(threads: 8, ports: ["tcp 2049"], versions: ["-2", "+3", "+4", "-4.0"])
        #expect(facts.serves(.init(program: 100_003, version: version, network: network, port: port)) == isServed)
    }

    @Test("settings that a server shows are compared without the number of its threads")
    func facts() {
        let facts = KernelFacts(threads: 8, ports: ["tcp 2049"], versions: ["+3"], leaseSeconds: 90, graceSeconds: 90)
        var other = facts
        other.threads = 16
        #expect(facts != other && facts.settings == other.settings)
        other.graceSeconds = 20
        #expect(facts.settings != other.settings)
    }
}
