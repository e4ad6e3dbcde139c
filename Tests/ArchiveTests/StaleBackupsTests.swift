import Storage
import TestSupport
import Testing

@testable import Archive

@Suite struct StaleBackupsTests {
    @Test func theUsualNamesAreCleanedInAFolderOfBackups() throws {
        let folder = Folder()
        for name in ["a.zip.partial", "b.sql.partial", "c.sql.gz.partial", "d.txt.partial", "e.zip"] {
            _ = shell("touch '\(folder.file(name))'")
        }
        _ = shell("mkfifo '\(folder.file("p.zip.partial"))'; mkdir '\(folder.file("q.zip.partial"))'")
        _ = shell("ln -s e.zip '\(folder.file("r.zip.partial"))'")
        let live = try FileSink(path: folder.file("live.zip"))
        let removed = FileSink.removeStaleBackups(in: folder.path)
        #expect(removed == ["a.zip.partial", "b.sql.partial", "c.sql.gz.partial"])
        #expect(
            folder.names
                == ["d.txt.partial", "e.zip", "live.zip.partial", "p.zip.partial", "q.zip.partial", "r.zip.partial"]
        )
        try live.commit()
        #expect(FileSink.removeStaleBackups(in: folder.file("missing")) == [])
    }

    @Test func partialsOfAnyNameThatBeginAsABackupAreCleaned() throws {
        let folder = Folder()
        let archive = "PK\\003\\004" + String(repeating: "x", count: 26) + "data/000001-t"
        _ = shell(
            """
            cd '\(folder.path)'; umask 077
            printf '\(archive)' > a.dump.partial; printf '\(archive)' > a.zip.partial
            printf -- '-- A plain dump of the PostgreSQL database x' > b.partial
            : > c.partial; printf '\\037\\213x' > d.sql.gz.partial
            printf 'PK\\003\\004xxxxxxxxxxxxxxxxxxxxxxxxxxholiday.jpg' > e.zip.partial; printf theirs > f.partial
            printf '\(archive)' > g.partial; chmod 644 g.partial; printf '\(archive)' > h.dump
            """
        )
        let live = try FileSink(path: folder.file("live.dump"))
        let ours = ["a.dump.partial", "a.zip.partial", "b.partial", "c.partial", "d.sql.gz.partial"]
        let others = ["e.zip.partial", "f.partial", "g.partial", "h.dump", "live.dump.partial"]
        #expect(FileSink.removeStaleBackups(in: folder.path, isOurs: false) == ours)
        #expect(folder.names == others)
        // In the folder of backups the name is sufficient.
        #expect(FileSink.removeStaleBackups(in: folder.path) == ["e.zip.partial"])
        try live.commit()
    }
}
