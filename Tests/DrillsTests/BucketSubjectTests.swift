import Storage
import TestSupport
import Testing

@testable import Drills

/// What is known of a dump in a bucket before it is read.
@Suite struct BucketSubjectTests {
    @Test func theAgeOfADumpIsThatOfItsObject() throws {
        let store = try TextStore()
        store["x.sql"] = .init("SELECT 1;\n", etag: "1")
        var options = DrillOptions(
            file: "s3://\(TextStore.bucket)/x.sql",
            place: .temporary(folder: "/nonexistent", postgresBin: nil),
            now: 1_795_418_160
        )
        options.stores = store.stores
        let report = try DrillSubject(options).beginning(options)
        #expect(report.backedUpAt == "2026-11-23T07:15:00Z")
        #expect(report.rpoSeconds == 60)
        #expect(report.bytes == 10)
    }
}
