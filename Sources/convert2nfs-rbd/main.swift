import Glibc
import RBDWire

// convert2nfs-rbd CONFIGURATION USER POOL [NAMESPACE]: speaks librbd for convert2nfsd, which starts it and ends it. It is a program of its own
// so that a cluster that hangs, or a library that fails, costs a process and no daemon.
let arguments = CommandLine.arguments.dropFirst()
guard (3...4).contains(arguments.count) else {
    print("usage: convert2nfs-rbd CONFIGURATION USER POOL [NAMESPACE]; convert2nfsd starts it")
    exit(64)
}
let words = Array(arguments)
do throws(RBDFailure) {
    let cluster = try Cluster(
        .init(configuration: words[0], user: words[1], pool: words[2], namespace: words.count > 3 ? words[3] : ""))
    Output.write(RBDAnswer(id: 0, .reply(.addresses(try cluster.addresses))))
    Server(cluster).run()
} catch {
    Output.write(RBDAnswer(id: 0, .failure(error)))
}
// What is under way is left: to wait for a cluster that is silent helps nobody.
_exit(0)
