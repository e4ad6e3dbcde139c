extension Finding {
    init(_ error: SeedingError, seedRule rule: String) {
        self.init(error, rule: "seed-\(rule)", elsewhere: "seeds")
        column = nil
    }
}
