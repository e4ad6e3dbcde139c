internal import Storage

/// The bytes of a file of the project.
package enum DeclaredBytes {
    /// - Throws: `EnvironmentsError` with `.file`.
    package static func read(_ path: String) throws(EnvironmentsError) -> [UInt8] {
        do {
            return try Files.bytes(of: path)
        } catch {
            throw EnvironmentsError(
                .file,
                "\(path) cannot be read",
                hint: "check its permissions, and that it is a file"
            )
        }
    }
}
