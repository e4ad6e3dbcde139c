internal import Archive
internal import DumpArchives
internal import PostgresClient

/// Large objects: first created, then filled from chunks of lines with oid, offset and content.
enum LargeObjectLoad {
    static func create(_ objects: [Manifest.LargeObject], _ session: borrowing Session) throws {
        for start in stride(from: 0, to: objects.count, by: 500) {
            let batch = objects[start..<min(start + 500, objects.count)]
            var statements = batch.map { "SELECT pg_catalog.lo_create(\($0.oid));" }
            for object in batch {
                let subject = "LARGE OBJECT \(object.oid)"
                if let comment = object.comment {
                    statements.append("COMMENT ON \(subject) IS \(session.literal(comment));")
                }
            }
            do {
                try session.execute(statements.joined())
            } catch let error as PostgresError where error.isOfStatement {
                throw RestoreError(.statement, "large objects could not be made: \(error)", hint: error.hint)
            }
        }
    }

    /// Owners and privileges come after the content, because an owner may have taken the right to write from itself.
    ///
    /// - Parameter leftOut: The list for privileges of missing roles.
    static func own(
        _ objects: [Manifest.LargeObject],
        roles: RoleMap,
        withOwners: Bool,
        _ leftOut: LeftOutList,
        _ session: inout Session
    ) throws {
        for object in objects {
            let subject = "LARGE OBJECT \(object.oid)"
            let owner = roles.role(object.owner)
            if withOwners { try session.execute("ALTER \(subject) OWNER TO \(session.quoted(owner))") }
            guard let privileges = object.privileges else { continue }
            if withOwners { try session.execute("REVOKE ALL ON \(subject) FROM \(session.quoted(owner))") }
            for privilege in privileges {
                if let role = privilege.grantee, roles.isMissing(role) {
                    // The rights of a missing owner are the new owner's anyway.
                    guard role != object.owner else { continue }
                    leftOut.add(
                        "GRANT \(privilege.privilege) ON \(subject) TO \(role)",
                        because: "the server has no role \(role)",
                        .fallback
                    )
                    continue
                }
                let grantee = privilege.grantee.map { session.quoted(roles.role($0)) } ?? "PUBLIC"
                let option = privilege.grantable ? " WITH GRANT OPTION" : ""
                let word = try ArchivedWord(privilege.privilege).text
                try session.execute("GRANT \(word) ON \(subject) TO \(grantee)\(option)")
            }
        }
    }

    /// Fills objects from one chunk, in the open transaction or in one of its own.
    static func load(
        _ chunk: Manifest.Chunk,
        of archive: RestoreArchive,
        with reader: inout RowReader,
        _ session: inout Session
    ) throws {
        if let objects = try archive.largeObjects(of: chunk) { return try load(objects, &session) }
        let isAlone = !session.isInTransaction
        if isAlone { try session.execute("BEGIN") }
        try session.execute(
            "CREATE TEMPORARY TABLE granary_large_objects (object oid, start bigint, content bytea) ON COMMIT DROP"
        )
        let rows = try session.copyIn("COPY pg_temp.granary_large_objects FROM STDIN") { copy in
            _ = try reader.read(chunk, of: archive) { try copy.write($0) }
        }
        guard rows == chunk.rows else {
            throw RestoreError(.mismatch, "\(chunk.member): the server took \(rows) of \(chunk.rows) pieces")
        }
        try session.query(
            "SELECT pg_catalog.count(pg_catalog.lo_put(object, start, content)) FROM pg_temp.granary_large_objects"
        )
        try session.execute(isAlone ? "COMMIT" : "DROP TABLE pg_temp.granary_large_objects")
    }

    /// Fills objects from an archive of pg_dump, piece by piece, in the open transaction or in one of its own.
    private static func load(_ objects: consuming DumpLargeObjects, _ session: inout Session) throws {
        let isAlone = !session.isInTransaction
        if isAlone { try session.execute("BEGIN") }
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { memory.deallocate() }
        while let piece = try objects.next(into: memory) {
            let content = UnsafeRawBufferPointer(rebasing: memory[..<piece.byteCount])
            try session.query(
                "SELECT pg_catalog.lo_put($1::pg_catalog.oid, $2::pg_catalog.int8, $3::pg_catalog.bytea)",
                [String(piece.oid), String(piece.offset), hexadecimal(content)]
            )
        }
        if isAlone { try session.execute("COMMIT") }
    }

    /// The text form of bytea: `\\x00ff`.
    private static func hexadecimal(_ bytes: UnsafeRawBufferPointer) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(unsafeUninitializedCapacity: 2 + 2 * bytes.count) { text in
            (text[0], text[1]) = (UInt8(ascii: "\\"), UInt8(ascii: "x"))
            for (index, byte) in bytes.enumerated() {
                text[2 + 2 * index] = digits[Int(byte >> 4)]
                text[3 + 2 * index] = digits[Int(byte & 15)]
            }
            return 2 + 2 * bytes.count
        }
    }
}
