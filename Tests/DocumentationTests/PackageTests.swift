import Glibc
import TestSupport
import Testing

@testable import Project

/// The Debian package, the image and the workflow: what is in them, and that the commands they name exist.
@Suite struct PackageTests {
    static let hasDebianTools = (["/usr/bin/dpkg-deb", "/usr/bin/dpkg-shlibdeps"] as [String]).allSatisfy {
        access($0, X_OK) == 0
    }

    /// The package contains the program that was built with the tests. `make test-deb` installs such a package.
    @Test(.enabled(if: hasDebianTools))
    func thePackageHasEverythingThatIsInstalled() async throws {
        try await ScratchFolder.with { folder in
            let binary = try granaryBinary()
            let made = try await runCommand(
                Project.path("scripts/deb.sh"),
                [folder.path],
                environment: ["BUILT": binary, "COMPRESS": "none", "MAKEFLAGS": nil, "MAKELEVEL": nil]
            )
            try #require(made.status == 0, "\(made)")
            let package = made.stdout.split(separator: "\n").map(String.init).last ?? ""
            #expect(
                folder.names().sorted() == [String(package.split(separator: "/").last ?? ""), "install-image"].sorted()
            )

            let fields = try await runCommand("dpkg-deb", ["--field", package]).stdout
            #expect(fields.contains("Package: granary\nVersion: "))
            let needs = fields.firstMatch(of: #/(?m)^Depends: (.*)$/#)?.1 ?? ""
            for name in ["libc6 (", "libpq5 (", "libssl3", "libyaml-0-2", "zlib1g (", ", postgresql-client"] {
                #expect(needs.contains(name), "\(needs)")
            }
            let list = try await runCommand("dpkg-deb", ["--contents", package]).stdout
            let files = Set(list.split(separator: "\n").compactMap { $0.split(separator: " ").last.map(String.init) })
            let expected = [
                "bin/granary", "share/granary/granary.mk", "share/man/man1/granary.1.gz",
                "share/man/man1/granary-migrate.1.gz", "share/bash-completion/completions/granary",
                "share/zsh/vendor-completions/_granary", "share/fish/vendor_completions.d/granary.fish",
                "share/doc/granary/copyright", "share/doc/granary/changelog.gz",
                "share/doc/granary/examples/granary-backup.service", "share/doc/granary/examples/granary-backup.timer",
                "share/doc/granary/examples/granary.cron", "share/doc/granary/examples/migrate-job.yaml",
            ]
            #expect(Set(expected.map { "./usr/\($0)" }).subtracting(files).isEmpty)
            #expect(list.split(separator: "\n").allSatisfy { $0.contains(" root/root ") })
        }
    }

    /// The image is built in the folder that `make deb` fills.
    @Test func theImageTakesWhatMakeDebLeaves() throws {
        let container = try Project.text("packaging/Containerfile")
        #expect(container.contains("COPY granary_*.deb install-image /tmp/granary/\n"))
        #expect(container.contains("RUN /tmp/granary/install-image \"$CLIENT\"\n"))
        #expect(container.contains("USER 10001:10001\n"))
        #expect(try Project.text("scripts/test-deb.sh").contains("inside /tmp/granary/install-image\n"))
    }

    /// A migration that destroys tables makes a backup of them first, in the folder that the image has for it.
    @Test func theJobCanWriteItsBackups() throws {
        let job = try Project.text("packaging/examples/migrate-job.yaml")
        #expect(job.contains("readOnlyRootFilesystem: true\n"))
        #expect(job.contains("mountPath: /data/backups\n"))
        #expect(job.contains("fsGroup: 10001\n"))
    }

    @Test(arguments: ["granary-backup.service", "granary.cron", "migrate-job.yaml"])
    func examplesNameCommandsThatExist(file: String) async throws {
        let help = try await CommandHelp.read()
        var text = try Project.text("packaging/examples/\(file)").replacing("/usr/bin/granary", with: "granary")
        if let words = text.firstMatch(of: #/args: \[(.*)\]/#)?.1 {
            text = "granary " + words.replacing(",", with: "")
        }
        let commands = text.split(separator: "\n").compactMap { line in
            line.firstMatch(of: #/(?:^|ExecStart=|&& )(granary .*)/#).map { String($0.1) }
        }
        #expect(!commands.isEmpty)
        for call in commands.flatMap({ CommandLine.all(in: $0, place: file) }) {
            #expect(help.text(call.command) != nil, "\(call)")
            #expect(Set(call.options).subtracting(help.options(call.command)).isEmpty, "\(call)")
        }
    }

    /// What trying again cannot help fails the Job; the rest may pass with time.
    @Test func theJobTriesAgainOnlyWhereThatMayHelp() throws {
        let codes = try #require(
            try Project.text("packaging/examples/migrate-job.yaml").firstMatch(of: #/values: \[(.*)\]/#)?.1
        )
        #expect(codes.split(separator: ",").compactMap { Int($0.filter(\.isNumber)) } == [1, 2, 3, 64])
    }

    @Test(arguments: [".github/workflows/ci.yml", "packaging/examples/migrate-job.yaml"])
    func yamlFilesAreYAML(file: String) throws {
        let members = try YAMLText.read(try Project.text(file), path: file).members
        #expect(members?.isEmpty == false)
    }

    @Test func theWorkflowRunsTargetsThatExist() throws {
        let workflow = try Project.text(".github/workflows/ci.yml")
        let known = try MakeTargets.all()
        let runs = workflow.matches(of: #/- run: (make .*)/#).map { String($0.1) }
        #expect(runs.count == 4)
        for name in MakeTargets.called(in: runs.joined(separator: "\n")) { #expect(known[name] != nil, "make \(name)") }
        #expect(workflow.contains("postgres: [15, 16, 17, 18]\n"))
    }
}
