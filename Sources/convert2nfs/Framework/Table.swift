/// Rows under a header, columns as wide as they need to be, three spaces apart, nothing at the end of a line.
struct Table: Equatable {
    var header: [String]
    var rows: [[String]]

    var text: String {
        let lines = [header] + rows
        let widths = header.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        return lines.map { Self.line($0, widths) }.joined()
    }

    private static func line(_ cells: [String], _ widths: [Int]) -> String {
        var line = ""
        for (cell, width) in zip(cells, widths) {
            line += cell + String(repeating: " ", count: width - cell.count + 3)
        }
        while line.last == " " { line.removeLast() }
        return line + "\n"
    }
}

/// What a thing is, one property a line.
struct Sheet: Equatable {
    var lines: [(name: String, value: String)]

    static func == (lhs: Sheet, rhs: Sheet) -> Bool { lhs.text == rhs.text }

    var text: String {
        let width = (lines.map(\.name.count).max() ?? 0) + 1
        return lines.map { line in
            let name = "\(line.name):"
            let value = line.value.isEmpty ? "-" : line.value
            return name + String(repeating: " ", count: width - name.count + 2) + value + "\n"
        }.joined()
    }
}
