/// Looks up algorithms in libcrypto.
enum Libcrypto {
    /// The required properties of an algorithm, in OpenSSL's query syntax; nil requires nothing.
    ///
    /// Tests set `fips=yes`, which excludes the algorithms that FIPS mode excludes.
    @TaskLocal static var properties: String?
}
