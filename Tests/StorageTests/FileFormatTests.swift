import Storage
import TestSupport
import Testing

@Suite struct FileFormatTests {
    @Test(arguments: [
        ([0x50, 0x4B, 0x03, 0x04], FileFormat.zip), ([0x50, 0x4B, 0x05, 0x06], .zip), ([0x1F, 0x8B, 0x08], .gzip),
        ([0x28, 0xB5, 0x2F, 0xFD], .zstd), (Array("age-encryption.org/v1\n".utf8), .age),
        (Array("-----BEGIN AGE ENCRYPTED FILE-----\n".utf8), .armoredAge),
        (Array("PGDMP".utf8) + [1, 14, 0, 4, 8, 1], .pgDumpCustom), ([], .empty),
    ])
    func `Signatures tell the format`(bytes: [UInt8], format: FileFormat) {
        #expect(FileFormat(bytes) == format)
    }

    @Test(arguments: [UInt8(3), 5])
    func `The table of contents of another format is no dump in custom format`(format: UInt8) {
        #expect(FileFormat(Array("PGDMP".utf8) + [1, 14, 0, 4, 8, format]) == .pgDumpContents)
    }

    @Test(arguments: [
        "SELECT 1;", "\u{FEFF}SELECT 1;", "--\r\n-- PostgreSQL database dump\r\n", "\n",
        "-- \u{1} one control character among many letters\n",
    ])
    func `SQL is text, whatever its line ends and its mark`(text: String) {
        #expect(FileFormat(Array(text.utf8)) == .text)
    }

    @Test func `Text in Latin-1 is text`() {
        #expect(FileFormat(Array("INSERT INTO t VALUES ('caf".utf8) + [0xE9] + Array("');".utf8)) == .text)
    }

    @Test(arguments: [
        ("-- MySQL dump 10.13", "a MySQL dump"), ("<!DOCTYPE html>", "an HTML page"),
        ("version https://git-lfs.github.com/spec/v1", "a pointer of Git LFS"),
        ("SQLite format 3\0", "a SQLite database"),
        ("BZh91AY", "a bzip2 file"), ("\0\0\0\0", "a binary file of an unknown kind"),
    ])
    func `What nothing can be restored from is named`(text: String, name: String) {
        #expect(FileFormat(Array(text.utf8)).name == name)
    }

    @Test func `A sixteenth of control characters is no text`() {
        let text = [UInt8](repeating: 0x41, count: 30) + [1, 2]
        #expect(FileFormat(text).name == "a binary file of an unknown kind")
        #expect(FileFormat([UInt8](repeating: 0x41, count: 31) + [1]) == .text)
    }

    @Test(arguments: [
        ("toc.dat", FileFormat.pgDumpTar),
        ("dump/", .other("a tar file of a folder", hint: "extract it, and give the file inside")),
    ])
    func `The first member tells whether a tar file is a dump`(member: String, format: FileFormat) {
        var header = [UInt8](repeating: 0, count: 512)
        header.replaceSubrange(0..<member.utf8.count, with: member.utf8)
        header.replaceSubrange(257..<262, with: "ustar".utf8)
        #expect(FileFormat(header) == format)
    }

    @Test(arguments: [
        (["toc.dat", "3021.dat.gz"], "a dump of pg_dump --format=directory"),
        (["PG_VERSION", "global", "base"], "the data directory of a PostgreSQL server"),
        (["a.sql"], "a folder that is not a dump of pg_dump --format=directory"),
    ])
    func `A folder is what its files make it`(names: [String], name: String) throws {
        let folder = Folder()
        for name in names { _ = try folder.write([], as: name) }
        try #expect(FileFormat(folder: folder.path).name == name)
    }
}
