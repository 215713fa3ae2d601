/// What `body` answers for each item, `width` of them at once at most, in the order they end.
func concurrently<Item: Sendable, Value: Sendable>(
    _ items: [Item], width: Int, _ body: @escaping @Sendable (Item) async -> Value
) async -> [Value] {
    await withTaskGroup(of: Value.self) { group in
        var next = items.makeIterator()
        for item in (0..<width).compactMap({ _ in next.next() }) { group.addTask { await body(item) } }
        var values: [Value] = []
        while let value = await group.next() {
            values.append(value)
            if let item = next.next() { group.addTask { await body(item) } }
        }
        return values
    }
}
