package import PostgresClient

/// What a command knows of its environment before it is connected; in a session it becomes an `Admitted`.
///
///     let request = EnvironmentRequest(option: env, variables: variables, file: file)
///     let admitted = try request.admit(writing: true, &session)
///     if admitted.policy.requiresApproval { … }
package struct EnvironmentRequest: Sendable {
    /// `--env`.
    package var option: String?
    /// The environment of the process.
    package var variables: [String: String]
    package var file: EnvironmentsFile
    package var isOwnLocalServer: Bool
    package var stateSchema: StateSchema

    package init(
        option: String?,
        variables: [String: String],
        file: EnvironmentsFile,
        isOwnLocalServer: Bool = false,
        stateSchema: StateSchema = .usual
    ) {
        self.option = option
        self.variables = variables
        self.file = file
        self.isOwnLocalServer = isOwnLocalServer
        self.stateSchema = stateSchema
    }

    /// The environment a command works for, and what it allows.
    package struct Admitted: Sendable, Equatable {
        /// nil only for reading a database that nothing says anything about.
        package var choice: EnvironmentChoice?
        package var marker: MarkerState
        package var policy: EnvironmentPolicy
        /// Whether the database was marked just now.
        package var isNewlyMarked = false

        package var name: String? { choice?.name }
    }

    /// Looks at the database, and chooses the environment. Writes nothing.
    package func look(_ session: borrowing Session) throws -> Guard.Situation {
        let marker = try MarkerState(of: session, in: stateSchema)
        return Guard.Situation(
            choice: try EnvironmentChoice.resolve(option: option, variables: variables, marker: marker, file: file),
            marker: marker,
            hasUserTables: try Self.hasUserTables(session, beside: stateSchema),
            isOwnLocalServer: isOwnLocalServer,
            database: "the database \(session.database) at \(isOwnLocalServer ? "the local server" : session.place)",
            declared: file.names
        )
    }

    /// Looks, asks the guard, and marks the database if the guard says so.
    ///
    /// - Throws: `EnvironmentsError`; `PostgresError`.
    package func admit(writing: Bool, _ session: inout Session) throws -> Admitted {
        let situation = try look(session)
        let admission = try Guard.admit(writing: writing, situation)
        var admitted = Admitted(
            choice: admission.choice,
            marker: situation.marker,
            policy: admission.choice.flatMap { file[$0.name]?.policy } ?? EnvironmentPolicy()
        )
        if case .mark(let choice) = admission {
            admitted.marker = .marked(try Marker.write(choice.name, &session, in: stateSchema))
            admitted.isNewlyMarked = true
        }
        return admitted
    }

    /// Whether there are tables that are neither ours nor an extension's.
    private static func hasUserTables(_ session: borrowing Session, beside schema: StateSchema) throws -> Bool {
        try session.query(
            """
            SELECT EXISTS (
                SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                WHERE c.relkind IN ('r', 'p', 'm', 'f') AND n.nspname !~ '^pg_'
                    AND n.nspname NOT IN ('information_schema', $1)
                    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                                    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid
                                        AND d.deptype = 'e')) AS found
            """,
            [schema.name]
        )[0].bool("found")
    }
}
