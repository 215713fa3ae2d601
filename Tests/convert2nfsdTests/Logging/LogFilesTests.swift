import Foundation
import Logging
import Testing

@testable import convert2nfsd

@Suite("Log files")
struct LogFilesTests {
    let directory: TemporaryDirectory
    let settings: Configuration.Log

    init() throws {
        directory = try TemporaryDirectory()
        settings = .init(file: directory.path("logs/all.log"), errors: directory.path("logs/errors.log"), level: .info)
    }

    private func open(_ settings: Configuration.Log? = nil) throws -> LogFiles {
        try LogFiles(settings ?? self.settings, echoesToStandardError: false, now: { Date(timeIntervalSince1970: 0) })
    }

    @Test("everything from the level on goes to one file, errors once more to the other")
    func split() throws {
        let logger = try open().logger("test")
        logger.debug("hidden")
        logger.info("one")
        logger.warning("two")
        logger.error("three", metadata: ["volume": "shop/data"])
        logger.critical("four")
        let stamp = "1970-01-01T00:00:00.000Z"
        let errors = ["\(stamp) ERROR three volume=shop/data", "\(stamp) CRIT  four"]
        #expect(try directory.lines(of: "logs/all.log") == ["\(stamp) INFO  one", "\(stamp) WARN  two"] + errors)
        #expect(try directory.lines(of: "logs/errors.log") == errors)
    }

    @Test("files are made with their directories, readable by their group and nobody else, and appended to")
    func modes() throws {
        try open().logger("test").info("one")
        try open().logger("test").info("two")
        #expect(try directory.lines(of: "logs/all.log").count == 2)
        let mode = try FileManager.default.attributesOfItem(atPath: settings.file)[.posixPermissions] as? Int
        #expect(mode.map { $0 & 0o137 } == 0)
    }

    @Test("a logger's level and metadata are its own")
    func values() throws {
        let first = try open().logger("test")
        var second = first
        second.logLevel = .error
        second[metadataKey: "operation"] = "o2"
        first.info("one", metadata: ["operation": "o1"])
        second.info("hidden")
        second.error("two", error: CocoaError(.fileNoSuchFile), metadata: ["operation": "o3"])
        let lines = try directory.lines(of: "logs/all.log")
        #expect(lines.count == 2)
        #expect(lines.first?.hasSuffix("one operation=o1") == true)
        #expect(lines.last?.contains("two operation=o3 error=") == true)
    }

    @Test("after a rename and a reopen lines go to a new file, before it to the old one")
    func reopen() throws {
        let files = try open()
        let logger = files.logger("test")
        logger.info("one")
        try FileManager.default.moveItem(atPath: settings.file, toPath: directory.path("logs/all.log.1"))
        logger.info("two")
        files.reopen()
        logger.info("three")
        #expect(try directory.lines(of: "logs/all.log.1").map { $0.suffix(3) } == ["one", "two"])
        #expect(try directory.lines(of: "logs/all.log").map { $0.suffix(5) } == ["three"])
    }

    @Test("a file that cannot be reopened leaves the old one in use, and says so")
    func reopenFails() throws {
        let files = try open()
        let moved = directory.path("logs/old")
        try FileManager.default.moveItem(atPath: settings.file, toPath: moved)
        try FileManager.default.createDirectory(atPath: settings.file, withIntermediateDirectories: true)
        files.reopen()
        files.logger("test").info("on")
        let lines = try directory.lines(of: "logs/old")
        #expect(lines.first?.contains("ERROR the log file \(settings.file) cannot be opened: Is a directory") == true)
        #expect(lines.last?.hasSuffix("INFO  on") == true)
        #expect(try directory.lines(of: "logs/errors.log").count == 1)
    }

    @Test("lines that a full disk does not take are dropped, and counted once it does")
    func fullDisk() throws {
        try FileManager.default.createDirectory(atPath: directory.path("logs"), withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: settings.file, withDestinationPath: "/dev/full")
        let files = try open()
        let logger = files.logger("test")
        for _ in 0..<3 { logger.info("lost") }
        try FileManager.default.removeItem(atPath: settings.file)
        files.reopen()
        logger.info("kept")
        let stamp = "1970-01-01T00:00:00.000Z"
        #expect(
            try directory.lines(of: "logs/all.log") == [
                "\(stamp) WARN  log lines were lost count=3 reason=\"No space left on device\"", "\(stamp) INFO  kept",
            ])
        logger.info("more")
        #expect(try directory.lines(of: "logs/all.log").count == 3)
    }

    @Test("a pipe that nobody empties does not hold the daemon up")
    func fullPipe() throws {
        let pipe = directory.path("pipe")
        #expect(mkfifo(pipe, 0o600) == 0)
        let reader = Glibc.open(pipe, O_RDONLY | O_NONBLOCK)
        defer { close(reader) }
        let logger = try open(.init(file: pipe, errors: settings.errors, level: .info)).logger("test")
        for _ in 0..<2000 { logger.info("\(String(repeating: "x", count: 100))") }
    }

    @Test("a file that cannot be opened at the start is an error that names it")
    func startFails() throws {
        let error = #expect(throws: LogFileError.self) {
            try open(.init(file: "/dev/null/x.log", errors: settings.errors, level: .info))
        }
        #expect(
            error?.description
                == "the log file /dev/null/x.log cannot be opened: Not a directory; "
                + "make it writable, or name another in log.file and log.errors")
    }

    @Test("lines of many tasks at once stay whole")
    func concurrency() async throws {
        let logger = try open().logger("test")
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 { group.addTask { for line in 0..<200 { logger.info("task \(task) line \(line)") } } }
        }
        let lines = try directory.lines(of: "logs/all.log")
        #expect(lines.count == 1600)
        #expect(Set(lines).count == 1600)
        #expect(lines.allSatisfy { $0.hasPrefix("1970-01-01T00:00:00.000Z INFO  task ") })
    }
}
