import Testing

@testable import Project

@Suite struct ProductionTests {
    private func file(_ text: String) throws -> EnvironmentsFile {
        try EnvironmentsFile(JSONText(Array(text.utf8), path: "environments.json"))
    }

    @Test(arguments: [
        "production", "prod", "prd", "live", "PRODUCTION", "Prod", "pRd", "LIVE", "prod-eu", "eu_prod", "eu.live.2",
        "Prod_US", "eu-west-1.prd", "prod.", "-live", "non-prod-prod", "nonprod-live", "prod-pre",
    ])
    func namesOfProductionAreProduction(_ name: String) throws {
        #expect(EnvironmentPolicy(name: name).isProduction)
        #expect(EnvironmentsFile.usual.rules(of: name).isProduction)
        #expect(try file("{\"environments\": {\"\(name)\": {}}}").rules(of: name).isProduction)
    }

    @Test(arguments: [
        "non-prod", "non_production", "NON.LIVE", "pre-live", "Pre_Prod", "pre.prd", "preprod", "preproduction",
        "nonprod",
        "product", "products", "delivery", "reproduction", "olive", "alive", "prods", "production2", "development",
        "staging", "test", "eu-non-prod", "",
    ])
    func similarNamesAreNotProduction(_ name: String) {
        #expect(!EnvironmentPolicy(name: name).isProduction)
        #expect(!EnvironmentsFile.usual.rules(of: name).isProduction)
    }

    @Test func theFileDecidesOverTheName() throws {
        let file = try file(
            """
            {"environments": {
              "customers": {"config": {"production": true}},
              "prod": {"config": {
                "production": false}},
              "test": {"config": {"production": true}},
              "live": {"config": {"production": null}}}}
            """
        )
        #expect(file.rules(of: "customers").isProduction)
        #expect(!file.rules(of: "prod").isProduction)
        #expect(file.rules(of: "live").isProduction)
        // Another spelling is another environment, which the file does not declare.
        #expect(file.rules(of: "PROD").isProduction)
        #expect(file.environments.map(\.deniedProductionLine) == [nil, 4, nil, nil])
        #expect(file.unknownFields == [])
        #expect(file.misplacedRules == [])
        #expect(!file.rules(of: "test").isForPlay)
        #expect(EnvironmentPolicy(name: "test").isForPlay)
    }

    @Test func theLocalServerIsForNeitherProductionNorItsRehearsal() throws {
        let file = try file("{\"environments\": {\"customers\": {\"config\": {\"production\": true}}, \"test\": {}}}")
        #expect(file.rules(of: "customers").refusesLocalServer)
        #expect(file.rules(of: "Staging").refusesLocalServer)
        #expect(!file.rules(of: "test").refusesLocalServer)
    }

    @Test func productionIsTrueOrFalse() {
        let error = #expect(throws: EnvironmentsError.self) {
            try file("{\"environments\": {\"a\": {\"config\": {\n\"production\": \"no\"}}}}")
        }
        #expect(
            error?.description == "environments.json:2: environments.a.config.production is text and not true or false"
        )
    }
}

/// A rule in the wrong place is found everywhere.
@Suite struct MisplacedRuleTests {
    private func file(_ text: String) throws -> EnvironmentsFile {
        try EnvironmentsFile(JSONText(Array(text.utf8), path: "environments.json"))
    }

    @Test(arguments: PolicyKey.allCases) func everyRuleIsReadInConfigAndFoundElsewhere(_ key: PolicyKey) throws {
        let value =
            switch key {
            case .maintenanceWindow: "\"Sun 02:00-04:00 UTC\""
            case .lint: "{\"enable\": []}"
            case .recipients: "[\"age1\"]"
            case .newestRows: "{\"orders.created_at\": \"1h\"}"
            case .keep: "{\"last\": 3}"
            default: "true"
            }
        let rule = "\"\(key.rawValue)\": \(value)"
        let right = try file("{\"environments\": {\"a\": {\"config\": {\(rule)}}}}")
        #expect(right.misplacedRules == [])
        #expect(right.unknownFields == [])
        let places = [
            ("{\"environments\": {\"a\": {\n\(rule)}}}", "environments.a"),
            ("{\n\(rule)}", nil),
            ("{\"config\": {\n\(rule)}}", "config"),
            ("{\"migration_locking\": {\n\(rule)}}", "migration_locking"),
            ("{\"environments\": {\"a\": {\"confg\": {\n\(rule)}}}}", "environments.a.confg"),
            ("{\"environments\": {\"a\": {\"config\": {\"lint\": {\n\(rule)}}}}}", "environments.a.config.lint"),
            ("{\"environments\": {\"a\": {\"config\": {\"config\": {\n\(rule)}}}}}", "environments.a.config.config"),
            ("{\"production\": {\"config\": {\n\(rule)}}}", "production.config"),
        ]
        for (text, place) in places {
            let found = try file(text).misplacedRules
            #expect(found.map(\.key) == [key], "\(text)")
            #expect(found.map(\.trail) == [[place, key.rawValue].compactMap(\.self).joined(separator: ".")], "\(text)")
            #expect(found.map(\.line) == [2], "\(text)")
            #expect(found.map(\.environment) == [place?.hasPrefix("environments.a") == true ? "a" : nil], "\(text)")
        }
    }

    @Test(arguments: [
        ("allow_destructive_operation", "allow_destructive_operations"),
        ("allowDestructiveOperations", "allow_destructive_operations"),
        ("allow-destructive-operations", "allow_destructive_operations"),
        ("ALLOW_DESTRUCTIVE_OPERATIONS", "allow_destructive_operations"),
        ("allow_destructive", "allow_destructive_operations"),
        ("allow_destuctive_operatoins", "allow_destructive_operations"),
        ("destructive_operations_allowed", "allow_destructive_operations"),
        ("requires_approval", "require_approval"), ("approval_required", "require_approval"),
        ("require_aproval", "require_approval"), ("require_approval_for_high_risk", "require_approval"),
        ("backup_require", "backup_required"), ("require_backup", "backup_required"),
        ("maintenance_windows", "maintenance_window"), ("maintenance_window_start", "maintenance_window"),
        ("maintainance_window_required", "maintenance_window_required"),
        ("rollback_on_failure", "auto_rollback_on_failure"),
        ("skip_validations", "skip_validation"), ("linting", "lint"), ("is_production", "production"),
        ("isProduction", "production"), ("prod", "production"), ("prodution", "production"),
    ])
    func aMisspelledRuleIsGuessed(_ spelled: String, _ meant: String) throws {
        let file = try file("{\"environments\": {\"a\": {\"config\": {\n\"\(spelled)\": false}}}}")
        #expect(file.misplacedRules.map(\.key.rawValue) == [meant])
        #expect(file.misplacedRules.map(\.isInConfig) == [true])
    }

    @Test(arguments: [
        "description", "owner", "region", "backup", "approval", "window", "validation", "comment", "replicas",
    ])
    func otherFieldsAreNotRules(_ key: String) throws {
        let file = try file("{\"environments\": {\"a\": {\"config\": {\"\(key)\": false}, \"x_\(key)\": true}}}")
        #expect(file.misplacedRules == [])
    }

    @Test func anEnvironmentMayHaveTheNameOfARule() throws {
        let file = try file(
            "{\"environments\": {\"production\": {}, \"lint\": {}}, \"services\": {\"production\": {\"url\": 1}}}"
        )
        #expect(file.misplacedRules == [])
    }

    @Test func onlyTheRulesAndTheEnvironmentThatCountStopACommand() throws {
        let file = try file(
            """
            {"environments": {"a": {
              "require_approval": true}, "b": {}},
             "production": true}
            """
        )
        let error = #expect(throws: EnvironmentsError.self) {
            try file.requireRulesInPlace([.requireApproval], of: "a")
        }
        #expect(error?.code == .refused)
        #expect(
            error?.description
                == "environments.json:2: environments.a.require_approval has no effect here: rules are written inside config"
        )
        #expect(error?.hint == "move it to environments.a.config.require_approval")
        try file.requireRulesInPlace([.requireApproval], of: "b")
        try file.requireRulesInPlace([.allowDestructiveOperations], of: "a")
        for name in ["a", "b", "c"] {
            let error = #expect(throws: EnvironmentsError.self) {
                try file.requireRulesInPlace([.production], of: name)
            }
            #expect(error?.description.hasPrefix("environments.json:3: production has no effect here") == true)
        }
    }

    @Test func aNullRuleIsAbsent() throws {
        #expect(try file("{\"environments\": {\"a\": {\"require_approval\": null}}}").misplacedRules == [])
    }
}
