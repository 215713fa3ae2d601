import HostTools

/// What a client of the lab runs on a volume, to find out whether a move of the service shows (`convert2nfs-lab-agent write`).
package struct Application: Sendable {
    let machine: Machine
    let name: String
    private var mount: String { "/mnt/\(name)" }
    private var result: String { "/root/\(name)" }

    package init(on machine: Machine, _ name: String) {
        self.machine = machine
        self.name = name
    }

    /// What came of it.
    package struct Result: Sendable {
        package let records: Int
        package let lost: Int
        /// `none`, or each call that failed with its errno.
        package let errors: String
        /// Renames that failed although they were done, whose answer was lost: no NFS server of the kernel keeps its answers over its end.
        package let unanswered: Int
        /// Of the longest call.
        package let longest: Duration
        /// When that ended, by the client's clock, in seconds since 1970.
        package let longestEnded: Double
    }

    package func start(_ path: String, from server: String, options: String) async throws {
        try await machine.sh(
            """
            mkdir -p \(mount)
            mount -t nfs -o \(options),hard,proto=tcp \(server):\(path) \(mount)
            /opt/convert2nfs/convert2nfs-lab-agent write \(mount) \(result) >/dev/null 2>&1 </dev/null &
            """)
    }

    /// Lets it go on until it has written so many records more.
    package func proceed(records: Int = 20) async throws {
        try await machine.sh(
            """
            size() { stat -c %s \(mount)/\(name).records 2>/dev/null || echo 0; }
            goal=$(($(size) + \(records * 11)))
            while [ "$(size)" -lt "$goal" ]; do sleep 0.1; done
            """, deadline: .seconds(120))
    }

    /// A shell's condition, on the node that serves: the application's lock is there (proc_locks(5)).
    package func holdsLock(in directory: String) -> String {
        "grep -q \"POSIX .*:$(stat -c %i \(directory)/\(name).records) \" /proc/locks"
    }

    package func stop() async throws -> Result {
        let text = try await machine.sh(
            """
            : >\(result).stop
            for try in $(seq 600); do [ ! -e \(result) ] || break; sleep 0.1; done
            cat \(result)
            umount \(mount)
            """, deadline: .seconds(90))
        let words = text.split(whereSeparator: \.isWhitespace).map(String.init)
        guard words.count == 12, let records = Int(words[1]), let lost = Int(words[3]), let unanswered = Int(words[7]),
            let longest = Int(words[9]), let ended = Int(words[11])
        else {
            throw HostError.unexpected("the application says \"\(text)\"")
        }
        return Result(
            records: records, lost: lost, errors: words[5], unanswered: unanswered, longest: .milliseconds(longest),
            longestEnded: Double(ended) / 1000)
    }
}
