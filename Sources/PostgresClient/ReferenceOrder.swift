/// Orders tables by the foreign keys between them.
///
/// Tarjan's algorithm without recursion, because a chain of ten thousand tables would need a deep stack.
package enum ReferenceOrder {
    /// The tables in groups, each group after the groups that its members refer to. A group with more than one table is
    /// a cycle. A group with one table may refer to itself.
    ///
    /// If the order of two groups is free, the one whose table comes first in `tables` comes first.
    ///
    /// - Parameter references: The tables that a table refers to. Tables that are not in `tables` are ignored.
    package static func groups<Table: Hashable>(
        of tables: [Table],
        references: [Table: Set<Table>]
    ) -> [[Table]] {
        let place = Dictionary(zip(tables, tables.indices), uniquingKeysWith: { first, _ in first })
        let edges = tables.map { table in
            (references[table] ?? []).compactMap { place[$0] }.sorted()
        }
        return components(edges).map { group in group.sorted().map { tables[$0] } }
    }

    /// The strongly connected components of a graph, each after the components that its edges lead to.
    private static func components(_ edges: [[Int]]) -> [[Int]] {
        var number = [Int](repeating: -1, count: edges.count)
        var lowest = number
        var isOpen = [Bool](repeating: false, count: edges.count)
        var (open, found, counter): ([Int], [[Int]], Int) = ([], [], 0)
        for start in edges.indices where number[start] < 0 {
            var path: [(node: Int, next: Int)] = []
            func enter(_ node: Int) {
                number[node] = counter
                lowest[node] = counter
                counter += 1
                open.append(node)
                isOpen[node] = true
                path.append((node, 0))
            }
            enter(start)
            while let (node, next) = path.last {
                if next < edges[node].count {
                    path[path.count - 1].next += 1
                    let target = edges[node][next]
                    if number[target] < 0 {
                        enter(target)
                    } else if isOpen[target] {
                        lowest[node] = min(lowest[node], number[target])
                    }
                    continue
                }
                path.removeLast()
                if let parent = path.last?.node { lowest[parent] = min(lowest[parent], lowest[node]) }
                guard lowest[node] == number[node] else { continue }
                var group: [Int] = []
                while let last = open.popLast() {
                    isOpen[last] = false
                    group.append(last)
                    if last == node { break }
                }
                found.append(group)
            }
        }
        return found
    }
}
