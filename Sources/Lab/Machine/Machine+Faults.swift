extension Machine {
    /// Takes a disk away while it is in use, as one that has failed: what is written to it fails from then on. It is there again after the
    /// machine's next start.
    package func loseDisk(_ path: String) async throws {
        try await sh(
            """
            device=$(readlink -f /sys/block/$(basename $(readlink -f \(path)))/device)
            echo 1 >$(dirname $device)/remove
            """)
    }
}
