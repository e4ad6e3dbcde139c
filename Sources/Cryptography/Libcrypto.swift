/// How algorithms are looked up in libcrypto.
enum Libcrypto {
    /// The properties that an algorithm must have, in OpenSSL's query syntax; nil asks for nothing.
    ///
    /// Tests set `fips=yes`, which leaves out what FIPS mode leaves out.
    @TaskLocal static var properties: String?
}
