import Foundation
import Testing

@testable import convert2nfsd

@Suite("The operators' reference of the configuration")
struct ConfigurationDocumentationTests {
    @Test("it describes every key there is, once, and no other")
    func keys() throws {
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        let text = try String(contentsOf: root.appendingPathComponent("docs/operations.md"), encoding: .utf8)
        let table = text.split(separator: "\n").drop { !$0.hasPrefix("| key |") }.dropFirst(2)
        let rows = table.prefix { $0.hasPrefix("|") }.compactMap { $0.split(separator: "`").dropFirst().first }
        #expect(rows.map(String.init) == ConfigurationKeys.all)
    }

    @Test("its full example is a configuration")
    func example() throws {
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        let text = try String(contentsOf: root.appendingPathComponent("docs/operations.md"), encoding: .utf8)
        let example = try #require(text.components(separatedBy: "```yaml\n").dropFirst().first)
        let configuration = try parsed(try #require(example.components(separatedBy: "```").first))
        #expect(configuration.nfs.address == "192.0.2.10")
    }
}
