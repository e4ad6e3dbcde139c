import SQLText

/// The effects of a statement on one line, for comparison with the golden lines.
func text(_ effects: StatementEffects) -> String {
    var parts = [effects.risk.rawValue]
    switch effects.transaction {
    case .fits: break
    case .refusesTransaction: parts.append("no transaction")
    case .controls(let control): parts.append("controls \(control.rawValue)")
    }
    if !effects.isParsed { parts.append("unparsed") }
    parts += effects.touches.map(text)
    parts += effects.destruction.map(text)
    parts += effects.settings.map { setting in
        "\(setting.isLocal ? "sets local" : "sets") \(setting.name)\(setting.value.map { "=\($0)" } ?? "")"
    }
    if let work = effects.concurrentIndexWork {
        let names = [work.index.map { "index \($0)" }, work.table.map { "table \($0)" }].compactMap(\.self)
        parts.append(
            (["concurrent", work.action.rawValue] + names + (work.isConditional ? ["if"] : [])).joined(separator: " ")
        )
    }
    return parts.joined(separator: " | ")
}

private func text(_ touch: Touch) -> String {
    var text = "\(touch.action.rawValue) \(touch.kind.rawValue) \(touch.relation)"
    if let lock = touch.lock { text += " \(lock)" }
    if touch.isInBody { text += " in body" }
    if touch.isNew, touch.action != .create { text += " new" }
    return text
}

private func text(_ destruction: Destruction) -> String {
    var text = "loses by \(destruction.means.rawValue) \(destruction.kind.rawValue) \(destruction.relation)"
    if let column = destruction.column { text += " column \(column)" }
    if destruction.cascades { text += " cascade" }
    if destruction.isConditional { text += " some" }
    return text
}
