import HostTools
import StorageCore

extension LinuxFilesystem: FilesystemTrimmer {
    package func trim(
        _ path: MountPath, from start: ByteCount, count: ByteCount
    ) async throws(StorageError) -> ByteCount {
        try await work.perform("trimming \(path)", on: path.value, deadline: .seconds(120)) { _ in
            ByteCount(try FilesystemControl.trim(path.value, from: start.bytes, count: count.bytes))
        }
    }
}
