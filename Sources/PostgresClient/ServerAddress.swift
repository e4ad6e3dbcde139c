internal import CLibpq

/// The address of a PostgreSQL server in libpq's form: a URL or `keyword=value` text, and parameters that override it.
///
/// Everything that libpq reads itself (`PGPASSFILE`, `PGSERVICE`, `PGSSLMODE`, …) is left to libpq. See
/// <https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS>.
package struct ServerAddress: Sendable, Equatable {
    /// A connection URL, `keyword=value` pairs, or empty to use the environment variables.
    package var conninfo: String
    /// Parameters that take precedence over `conninfo`, in order.
    package var overrides: [Parameter]
    /// Whether sessions write although `default_transaction_read_only` is set for the role or the database.
    package private(set) var ignoresReadOnlyDefault = false

    package struct Parameter: Sendable, Equatable {
        package var keyword: String
        package var value: String

        package init(_ keyword: String, _ value: String) {
            self.keyword = keyword
            self.value = value
        }
    }

    package init(_ conninfo: String = "", overrides: [Parameter] = []) {
        self.conninfo = conninfo
        self.overrides = overrides
    }

    /// The same server with another database.
    package func database(_ name: String) -> ServerAddress {
        setting("dbname", to: name)
    }

    /// The same server with one parameter changed.
    package func setting(_ keyword: String, to value: String) -> ServerAddress {
        var copy = self
        copy.overrides.removeAll { $0.keyword == keyword }
        copy.overrides.append(Parameter(keyword, value))
        return copy
    }

    /// The same server for a restore, which also writes to databases that are read-only by default.
    package var ignoringReadOnlyDefault: ServerAddress {
        var copy = self
        copy.ignoresReadOnlyDefault = true
        return copy
    }

    /// The database that a connection would use, including what libpq reads from service files and the environment.
    ///
    /// Only looks it up: the connection that `PQconnectStartParams` begins is closed at once.
    package var resolvedDatabase: String {
        let connection = withCStrings(parameters.map(\.keyword)) { keywords in
            withCStrings(parameters.map(\.value)) { values in PQconnectStartParams(keywords, values, 1) }
        }
        defer { PQfinish(connection) }
        return PQdb(connection).map { String(cString: $0) } ?? ""
    }

    /// The parameters for `PQconnectStartParams`: first defaults that the text may override, then the overrides.
    ///
    /// If `dbname` occurs several times, libpq expands only the first, so the text must come before a plain name.
    var parameters: [Parameter] {
        let defaults = [
            Parameter("keepalives_idle", "60"), Parameter("keepalives_interval", "15"),
            Parameter("keepalives_count", "4"),
        ]
        return defaults + [Parameter("dbname", conninfo)] + overrides + [Parameter("application_name", "granary")]
    }
}

extension ServerAddress {
    /// The parameters that libpq knows. `PQconndefaults`.
    package static let keywords: Set<String> = {
        guard let options = PQconndefaults() else { return [] }
        defer { PQconninfoFree(options) }
        var keywords: Set<String> = []
        var option = options
        while let keyword = option.pointee.keyword {
            keywords.insert(String(cString: keyword))
            option += 1
        }
        return keywords
    }()

    /// libpq's own version, such as `15.18`. `PQlibVersion`.
    package static var libraryVersion: String {
        let number = PQlibVersion()
        return "\(number / 10000).\(number % 10000)"
    }
}
