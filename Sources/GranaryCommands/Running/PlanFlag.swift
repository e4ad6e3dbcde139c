internal import ArgumentParser

extension NameSpecification {
    /// `--plan`, and `--dry-run` for people who know that name from other tools.
    static var plan: NameSpecification { [.long, .customLong("dry-run")] }
    /// `--dry-run`, and `--plan`.
    static var dryRun: NameSpecification { [.long, .customLong("plan")] }
}
