import Foundation
import NodeAPI
import Testing

@Suite("The operators' reference of faults")
struct DocumentationTests {
    @Test("it describes every fault there is, once, and no other")
    func faults() throws {
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<3 { root.deleteLastPathComponent() }
        let text = try String(contentsOf: root.appendingPathComponent("docs/operations.md"), encoding: .utf8)
        let table = text.split(separator: "\n").drop { !$0.hasPrefix("| code |") }.dropFirst(2)
        let cells = table.prefix { $0.hasPrefix("|") }.compactMap { $0.split(separator: "|").first }
        let codes = cells.flatMap { $0.split(separator: "`").filter { $0.contains("-") }.map(String.init) }
        #expect(codes.sorted() == Fault.allCases.map(\.rawValue).sorted())
    }
}
