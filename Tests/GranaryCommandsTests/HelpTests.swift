import ArgumentParser
import GranaryCommands
import Testing

@Suite struct HelpTests {
    @Test func everyCommandHasAnAbstractAndAnExample() {
        func check(_ command: any ParsableCommand.Type) {
            #expect(!command.configuration.abstract.isEmpty, "\(command)")
            #expect(command.configuration.discussion.contains("Example"), "\(command)")
            for child in command.configuration.subcommands { check(child) }
        }
        check(Granary.self)
    }
}
