import NFSClient
import NodeAPI

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

extension Report.Failure {
    /// What a failed step of a check means for this volume, and what to do about it.
    init(_ failure: ExportCheck.Failure, check: ExportCheck, volume: VolumeDocument) {
        let (advice, status) = Self.judge(failure, check, volume)
        self.init(
            message: "\(volume.key.resource): the check failed at \"\(failure.step.rawValue)\": \(advice)",
            status: status)
    }

    private static func judge(
        _ failure: ExportCheck.Failure, _ check: ExportCheck, _ volume: VolumeDocument
    ) -> (String, ExitStatus) {
        let target = check.target
        if let mismatch = failure.error as? ExportCheck.Mismatch {
            return (
                "what was read is not what was written, from byte \(mismatch.offset) on; "
                    + "stop using the volume and look at the node's log and its disks", .inputOutput
            )
        }
        guard let error = failure.error as? NFSError else { return ("\(failure.error)", .software) }
        switch (failure.step, error.code) {
        // libnfs 4.0 answers EIO where it could not connect.
        case (.mount, ECONNREFUSED), (.mount, ETIMEDOUT), (.mount, EHOSTUNREACH), (.mount, ENETUNREACH), (.mount, EIO):
            return (
                "no NFS server answers at \(target.server), ports \(target.nfsPort) and \(target.mountdPort); "
                    + "does a firewall stand between, and what does \"convert2nfs node\" say? (\(error))", .unavailable
            )
        case (.mount, _) where error.isDenied:
            return (
                "the server refuses this host; let it in with "
                    + "\"convert2nfs volume clients \(volume.key) --add ADDRESS\" (\(error))", .noPermission
            )
        case (.mount, ENOENT):
            return (
                "the server does not export \(target.path) to this host; is it among "
                    + "\"convert2nfs volume clients \(volume.key)\"? (\(error))", .noPermission
            )
        case (_, EROFS):
            return ("this host may only read; let it write with --add ADDRESS=rw (\(error))", .noPermission)
        case (.create, _) where error.isDenied && volume.nfs.squash != .none:
            return (
                "the volume squashes user 0 (\(volume.nfs.squash.rawValue)), and its top directory may not be written by "
                    + "others; change the directory's mode from a client that is not squashed (\(error))", .noPermission
            )
        case _ where error.isOutOfSpace || (failure.bytesLeft ?? .max) < UInt64(check.byteCount):
            return ("the volume is full; grow it with \"convert2nfs volume resize\" (\(error))", .inputOutput)
        case _ where error.isStale:
            return ("the volume was withdrawn while it was checked; check it again (\(error))", .temporaryFailure)
        default: return ("\(error); look at the node's log", .inputOutput)
        }
    }
}
