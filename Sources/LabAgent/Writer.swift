import Glibc

/// `convert2nfs-lab-agent write DIRECTORY RESULT`: an application on shared storage that forgives nothing. It writes numbered records,
/// each with fsync(2), holds a lock, takes and gives back another one beside, makes, renames, lists and reads files, until there is a file
/// `RESULT.stop`; then it reads all back
/// and writes one line into RESULT: how many records there were, how many are lost, what failed, how many renames failed although they were done, how
/// many milliseconds the longest call took, and when it ended, in milliseconds since 1970.
struct Writer {
    private let directory: String
    private let result: String
    private var faults: [String] = []
    /// Renames whose answer was lost: the client asks again, and a server that does not know of the first time finds nothing to rename.
    private var unanswered = 0
    private var count = 0
    private var longest = 0.0
    private var longestEnded = 0.0
    private static let recordLength = 11

    init(_ directory: String, _ result: String) {
        self.directory = directory
        self.result = result
    }

    mutating func run() {
        let log = "\(directory)/\(Self.name(of: result)).records"
        let file = open(log, O_RDWR | O_CREAT | O_EXCL | O_APPEND, 0o644)
        guard file >= 0 else { return finish("error open \(errno)") }
        var lock = flock(l_type: Int16(F_WRLCK), l_whence: Int16(SEEK_SET), l_start: 0, l_len: 0, l_pid: 0)
        if fcntl(file, F_SETLK, &lock) != 0 { faults.append("lock:\(errno)") }
        let locker = Locker("\(directory)/\(Self.name(of: result)).lock")
        locker.start()
        while access("\(result).stop", F_OK) != 0 {
            record(file)
            if count % 8 == 0 { change() }
            usleep(10_000)
        }
        faults += locker.stop()
        lock.l_type = Int16(F_UNLCK)
        // Not timed: a server that has just started lets nobody unlock before all could have taken their locks again.
        if fcntl(file, F_SETLK, &lock) != 0 { faults.append("unlock:\(errno)") }
        close(file)
        finish(
            "records \(count) lost \(lost(log)) errors \(faults.isEmpty ? "none" : faults.joined(separator: ","))"
                + " unanswered \(unanswered) longest \(Int(longest * 1000)) ended \(Int(longestEnded * 1000))")
    }

    /// One that failed was not acknowledged; its number comes again.
    private mutating func record(_ file: Int32) {
        let digits = String(count)
        let text = Array(
            (String(repeating: "0", count: Self.recordLength - 1 - digits.utf8.count) + digits + "\n").utf8)
        let isWritten = attempt("write") { write(file, text, text.count) == text.count ? 0 : -1 }
        if isWritten, attempt("fsync", { fsync(file) }) { count += 1 }
    }

    private mutating func change() {
        let (draft, name) = ("\(directory)/\(Self.name(of: result)).draft", "\(directory)/\(Self.name(of: result))")
        let content = Array("\(count)".utf8)
        attempt("create") {
            let file = open(draft, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
            guard file >= 0 else { return -1 }
            defer { close(file) }
            return write(file, content, content.count) == content.count && fsync(file) == 0 ? 0 : -1
        }
        attempt("rename", unless: { errno == ENOENT && Self.content(of: name) == content }) { rename(draft, name) }
        attempt("list") { [directory] in
            guard let listing = opendir(directory) else { return -1 }
            defer { closedir(listing) }
            errno = 0
            while readdir(listing) != nil {}
            return errno == 0 ? 0 : -1
        }
        attempt("read") { Self.content(of: name) == content ? 0 : -1 }
    }

    /// Nil if it cannot be read.
    private static func content(of path: String) -> [UInt8]? {
        let file = open(path, O_RDONLY)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 32)
        let length = read(file, &bytes, bytes.count)
        return length < 0 ? nil : Array(bytes.prefix(length))
    }

    @discardableResult
    private mutating func attempt(
        _ name: String, unless isUnanswered: () -> Bool = { false }, _ call: () -> Int32
    ) -> Bool {
        let begin = Self.now(CLOCK_MONOTONIC)
        let isDone = call() == 0
        let failure = "\(name):\(errno)"
        if !isDone {
            if isUnanswered() { unanswered += 1 } else { faults.append(failure) }
        }
        let took = Self.now(CLOCK_MONOTONIC) - begin
        if took > longest { (longest, longestEnded) = (took, Self.now(CLOCK_REALTIME)) }
        return isDone
    }

    private static func name(of path: String) -> Substring { path.split(separator: "/").last ?? "application" }

    private static func now(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// How many of the acknowledged records are not there.
    private func lost(_ log: String) -> Int {
        guard let file = fopen(log, "r") else { return count }
        defer { fclose(file) }
        var found = Set<Int>()
        var line = [CChar](repeating: 0, count: 64)
        while fgets(&line, Int32(line.count), file) != nil {
            if let number = Int(
                String(decoding: line.prefix { $0 >= 0x30 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
            {
                found.insert(number)
            }
        }
        return (0..<count).count { !found.contains($0) }
    }

    private func finish(_ line: String) {
        let file = open("\(result).new", O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        let text = Array((line + "\n").utf8)
        _ = write(file, text, text.count)
        close(file)
        rename("\(result).new", result)
    }
}
