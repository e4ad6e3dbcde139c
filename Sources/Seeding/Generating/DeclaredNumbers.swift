internal import Project
internal import SyntheticData

extension DeclaredGenerators {
    func bell(
        _ node: SeedNode,
        _ outer: SeedNode,
        _ column: SeedCatalog.Column,
        isLog: Bool,
        _ key: UInt64
    ) throws(SeedingError) -> any CellGenerator {
        func number(_ name: String) throws(SeedingError) -> Double? {
            guard let value = node[name] ?? outer[name] else { return nil }
            return try value.requireDouble(name, file)
        }
        let scale = Int(try number("round") ?? Double(ColumnShape(column).limits.scale))
        let limits = ColumnShape(column).limits.range
        let low = max(try number("min") ?? (isLog ? 0 : limits.lowerBound), limits.lowerBound)
        let high = min(try number("max") ?? limits.upperBound, limits.upperBound)
        guard low <= high, (0...9).contains(scale) else {
            throw node.problem(file, "min, max and round do not form a range")
        }
        var (mean, deviation) = (try number("mean") ?? 0, try number("sd") ?? 1)
        if isLog {
            let median = try number("median") ?? 1
            guard median > 0 else { throw node.problem(file, "the median of lognormal must be above 0") }
            mean = Curve.log(median)
            if let p99 = try number("p99") {
                guard p99 > median else { throw node.problem(file, "p99 must be above the median") }
                deviation = (Curve.log(p99) - mean) / 2.3263478740408408
            }
        }
        return BellGenerator(
            mean: mean,
            deviation: deviation,
            isLog: isLog,
            bounds: low...min(high, 9e15),
            scale: scale,
            key: key
        )
    }

    func between(
        _ node: SeedNode,
        _ outer: SeedNode,
        _ column: SeedCatalog.Column,
        _ isUnique: Bool,
        _ key: UInt64
    ) throws(SeedingError) -> any CellGenerator {
        guard let bounds = node.elements, bounds.count == 2 else {
            throw node.problem(file, "between takes two bounds", hint: "such as [1, 100] or [-2y, now]")
        }
        let grows = outer["shape"]?.text == "growth"
        if let text = outer["shape"]?.text, !["growth", "even"].contains(text) {
            throw node.problem(file, "the shape is growth or even")
        }
        if ["timestamptz", "timestamp", "date"].contains(column.typeName) {
            let times = bounds.compactMap { $0.text }.compactMap { TimeText.time($0, now: inference.now) }
            guard times.count == 2, times[0] <= times[1] else {
                throw node.problem(
                    file,
                    "between needs two times in ascending order",
                    hint: "such as [-2y, now] or [2026-01-01, 2026-06-30]"
                )
            }
            return TimeGenerator(
                times[0]...times[1],
                form: ColumnShape(column).timeForm,
                grows: grows,
                isUnique: isUnique,
                key: key
            )
        }
        let (low, high) = (try bounds[0].requireDouble("between", file), try bounds[1].requireDouble("between", file))
        guard low <= high else { throw node.problem(file, "the bounds of between are in the wrong order") }
        let scale =
            try outer["round"].map { node throws(SeedingError) in try node.requireInt("round", file) }
            ?? ColumnShape(column).limits.scale
        guard (0...9).contains(scale), max(abs(low), abs(high)) * Curve.power(10, Double(scale)) < 9e18 else {
            throw node.problem(file, "the range is too large")
        }
        let power = Curve.power(10, Double(scale))
        return NumberGenerator(
            Int((low * power).rounded(.up))...max(Int((low * power).rounded(.up)), Int((high * power).rounded(.down))),
            scale: scale,
            key: key,
            isUnique: isUnique
        )
    }

    func after(
        _ node: SeedNode,
        _ outer: SeedNode,
        _ column: SeedCatalog.Column,
        _ key: UInt64
    ) throws(SeedingError) -> any CellGenerator {
        let name = try node.requireText("after", file)
        let within =
            try outer["within"].map { node throws(SeedingError) in try node.requireSpan("within", file) } ?? 30
            * Calendar.day
        let least =
            try outer["at_least"].map { node throws(SeedingError) in try node.requireSpan("at_least", file) } ?? 0
        let form = ColumnShape(column).timeForm
        let parts = name.split(separator: ".").map(String.init)
        if parts.count >= 2 {
            let table = parts[parts.count - 2]
            guard let reference = parents[table] else {
                throw node.problem(file, "this table has no reference to a table \(table)")
            }
            let pool = reference.pool
            return AfterGenerator(
                { pool.micros(parts[parts.count - 1], reference.index($0)) },
                within: within,
                least: least,
                limit: inference.now,
                form: form,
                key: key
            )
        }
        guard let base = inference.chosen[name] else {
            throw node.problem(file, "\(name) is not a generated column of this table")
        }
        return AfterGenerator(
            { base.micros($0) },
            within: within,
            least: least,
            limit: inference.now,
            form: form,
            key: key
        )
    }
}
