internal import Migrations
internal import SQLText

/// The graph of dependencies, as text, for Graphviz, for Mermaid, and as JSON.
struct DependencyDrawing {
    let graph: DependencyGraph
    /// The state of each migration in the database; empty without a database.
    let states: [DependencyGraph.Need: String]

    private var services: [String] {
        graph.nodes.reduce(into: []) { if $0.last != $1.service { $0.append($1.service) } }
    }

    private func facts(_ node: DependencyGraph.Node) -> [String] {
        [node.layer.isEmpty ? "" : "of \(node.layer)", "\(node.risk.rawValue) risk", states[node.id] ?? ""]
            .filter { !$0.isEmpty } + node.faults.map { "fault: \(Formatting.harmless($0))" }
    }

    private func label(_ need: DependencyGraph.Need, from service: String) -> String {
        Formatting.harmless(need.service == service ? need.name : "\(need.service)/\(need.name)")
    }
}

// As text.
extension DependencyDrawing {
    /// A tree for each service: a migration is drawn below the last one that it depends on, and names the others.
    var text: String {
        services.map { service in
            let rows = rows(of: service)
            let width = rows.map { $0.drawn.count }.max() ?? 0
            let lines = rows.map { row in
                let others = row.others.map { label($0, from: service) }.joined(separator: ", ")
                let facts = facts(row.node) + (others.isEmpty ? [] : ["also needs \(others)"])
                return "  \(row.drawn)\(String(repeating: " ", count: width - row.drawn.count))  "
                    + facts.joined(separator: ", ")
            }
            let faults = (graph.faults[service] ?? []).map { "  fault: \(Formatting.harmless($0))" }
            return ([Formatting.harmless(service)] + faults + (lines.isEmpty ? ["  no migrations"] : lines)).joined(
                separator: "\n"
            )
        }.joined(separator: "\n\n")
    }

    private struct Row {
        var drawn: String
        var node: DependencyGraph.Node
        var others: [DependencyGraph.Need]
    }

    /// An only child follows its parent without indentation, because most trees are one long chain.
    private func rows(of service: String) -> [Row] {
        let own = graph.nodes.filter { $0.service == service }
        let byID = Dictionary(own.map { ($0.id, $0) }, uniquingKeysWith: { one, _ in one })
        var children: [DependencyGraph.Need: [DependencyGraph.Node]] = [:]
        var pending: [(node: DependencyGraph.Node, parent: DependencyGraph.Need?, branch: String, stem: String)] = []
        for node in own {
            // A migration in a cycle is drawn at the top level.
            let parent =
                node.isInCircle
                ? nil
                : node.needs.compactMap { byID[$0] }.filter { $0.id != node.id }.max { $0.version < $1.version }
            if let parent { children[parent.id, default: []].append(node) } else { pending.append((node, nil, "", "")) }
        }
        pending.reverse()
        var rows: [Row] = []
        while let (node, parent, branch, stem) = pending.popLast() {
            let others = node.needs.filter { $0 != parent }
            rows.append(Row(drawn: branch + Formatting.harmless(node.name), node: node, others: others))
            let below = children[node.id] ?? []
            if below.count == 1 {
                pending.append((below[0], node.id, "\(stem)↓ ", stem))
                continue
            }
            for (index, child) in below.enumerated().reversed() {
                let isLast = index == below.count - 1
                pending.append(
                    (child, node.id, stem + (isLast ? "└── " : "├── "), stem + (isLast ? "    " : "│   "))
                )
            }
        }
        return rows
    }
}

// For drawing programs.
extension DependencyDrawing {
    /// In Graphviz's language. An edge goes from a migration to those that depend on it.
    var dot: String {
        var lines = ["digraph migrations {", "  rankdir=LR;", "  node [shape=box];"]
        for (index, service) in services.enumerated() {
            lines.append("  subgraph cluster_\(index) {")
            lines.append("    label=\(Self.quoted(service));")
            for node in graph.nodes where node.service == service {
                let label = ([node.name] + facts(node)).map(Self.escaped).joined(separator: "\\n")
                let colour = node.faults.isEmpty ? "" : ", color=red"
                lines.append("    \(Self.quoted(Self.id(node.id))) [label=\"\(label)\"\(colour)];")
            }
            lines.append("  }")
        }
        for (from, to) in edges { lines.append("  \(Self.quoted(Self.id(from))) -> \(Self.quoted(Self.id(to)));") }
        for fault in services.flatMap({ graph.faults[$0] ?? [] }) { lines.append("  // \(Formatting.harmless(fault))") }
        return (lines + ["}"]).joined(separator: "\n")
    }

    /// A flowchart of Mermaid, as Markdown pages show it between ```mermaid fences.
    var mermaid: String {
        var names: [DependencyGraph.Need: String] = [:]
        func name(_ need: DependencyGraph.Need) -> String {
            if let name = names[need] { return name }
            names[need] = "m\(names.count + 1)"
            return names[need]!
        }
        var lines = ["flowchart LR"]
        for service in services {
            lines.append("  subgraph \(Self.mermaidText(service))")
            for node in graph.nodes where node.service == service {
                let label = ([node.name] + facts(node)).map(Self.mermaidText).joined(separator: "<br>")
                lines.append("    \(name(node.id))[\"\(label)\"]")
            }
            lines.append("  end")
        }
        for (from, to) in edges {
            let isKnown = graph.node(from) != nil
            let source = isKnown ? name(from) : "\(name(from))[\"\(Self.mermaidText(Self.id(from)))\"]"
            lines.append("  \(source) --> \(name(to))")
        }
        for fault in services.flatMap({ graph.faults[$0] ?? [] }) { lines.append("  %% \(Formatting.harmless(fault))") }
        for node in graph.nodes where !node.faults.isEmpty { lines.append("  style \(name(node.id)) stroke:red") }
        return lines.joined(separator: "\n")
    }

    private var edges: [(DependencyGraph.Need, DependencyGraph.Need)] {
        graph.nodes.flatMap { node in node.needs.map { ($0, node.id) } }
    }

    private static func id(_ need: DependencyGraph.Need) -> String { "\(need.service)/\(need.name)" }
    private static func quoted(_ text: String) -> String { "\"\(escaped(text))\"" }

    private static func escaped(_ text: String) -> String {
        Formatting.harmless(text).replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    }

    private static func mermaidText(_ text: String) -> String {
        Formatting.harmless(text).replacing("\"", with: "#quot;").replacing("<", with: "#lt;")
    }
}

// For programs.
extension DependencyDrawing {
    static let result = ResultDescription<DependencyDrawing>([
        .init("services", \.services),
        .init("faults") { drawing in drawing.services.flatMap { drawing.graph.faults[$0] ?? [] } },
        .init("migrations", each: migration) { drawing in drawing.graph.nodes.map { (drawing, $0) } },
    ])

    private static let migration = ResultDescription<(drawing: DependencyDrawing, node: DependencyGraph.Node)>([
        .init("service", \.node.service), .init("version", \.node.version), .init("name", \.node.name),
        .init("layer", \.node.layer), .init("risk_level", \.node.risk.rawValue),
        .init("rollback_safe", \.node.rollbackSafe), .init("description", \.node.details),
        .init("state") { $0.drawing.states[$0.node.id] },
        .init("depends_on") { row in row.node.needs.map { row.drawing.label($0, from: row.node.service) } },
        .init("faults", \.node.faults),
    ])
}
