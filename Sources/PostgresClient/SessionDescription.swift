/// The description of a server session in messages.
package enum SessionDescription {
    /// An SQL expression over a row `a` of `pg_stat_activity`:
    /// `process 4711 (psql of alice from 10.0.0.7), busy for 00:00:12, in UPDATE`. A role may be unable to see the
    /// times of other roles' sessions.
    package static let expression = """
        pg_catalog.concat(\(origin),
            CASE WHEN a.state LIKE 'idle in transaction%' THEN ', idle in its transaction for '
                 ELSE ', busy for ' END
            || pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - coalesce(
                CASE WHEN a.state LIKE 'idle in transaction%' THEN a.xact_start ELSE a.query_start END, a.backend_start))::pg_catalog.text,
            ', in ' || nullif(pg_catalog.substring(pg_catalog.upper(pg_catalog.btrim(a.query)), '^[A-Z]+'), ''))
        """

    /// The first part of it: `process 4711 (psql of alice from 10.0.0.7)`.
    package static let origin = """
        pg_catalog.concat('process ', a.pid, ' (', nullif(a.application_name, '') || ' of ', a.usename,
            ' from ' || pg_catalog.host(a.client_addr), ')')
        """
}
