package import Project

extension SeedNode {
    package func problem(_ file: String, _ what: String, hint: String? = nil) -> SeedingError {
        SeedingError(.file, at: FilePlace(file, line: line), what, hint: hint)
    }

    package func requireText(_ name: String, _ file: String) throws(SeedingError) -> String {
        try SeedingError.ofFile { () throws(EnvironmentsError) in try asText(name, file) }
    }

    package func requireBool(_ name: String, _ file: String) throws(SeedingError) -> Bool {
        try SeedingError.ofFile { () throws(EnvironmentsError) in try asBool(name, file) }
    }

    package func requireInt(_ name: String, _ file: String) throws(SeedingError) -> Int {
        try SeedingError.ofFile { () throws(EnvironmentsError) in try asInt(name, file) }
    }

    package func requireDouble(_ name: String, _ file: String) throws(SeedingError) -> Double {
        try SeedingError.ofFile { () throws(EnvironmentsError) in try asDouble(name, file) }
    }

    package func requireTexts(_ name: String, _ file: String) throws(SeedingError) -> [String] {
        try SeedingError.ofFile { () throws(EnvironmentsError) in try asTexts(name, file) }
    }

    package func requireMembers(_ name: String, _ file: String) throws(SeedingError) -> [Member] {
        try SeedingError.ofFile { () throws(EnvironmentsError) in try asMembers(name, file) }
    }
}

extension SeedingError {
    /// Runs a reader that other modules also use, and converts its errors.
    package static func ofFile<R>(_ body: () throws(EnvironmentsError) -> R) throws(SeedingError) -> R {
        do { return try body() } catch { throw SeedingError(.file, at: error.place, error.message, hint: error.hint) }
    }
}
