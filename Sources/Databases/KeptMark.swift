/// The mark of a kept database, in its comment:
/// `shop before the restore of 20261123T071500Z, kept by granary as shop_before_20261123T071500Z (database 16403)`
struct KeptMark {
    /// The name before the swap.
    var target: String
    var time: String
    /// The name since the swap. A database that was renamed afterwards is in use again.
    var name: String
    var oid: UInt32
    /// The comment before the swap.
    var rest: String?

    init(target: String, time: String, name: String, oid: UInt32) {
        (self.target, self.time, self.name, self.oid) = (target, time, name, oid)
    }

    init?(_ comment: String) {
        // The name of a database may contain line breaks.
        let form =
            #/(?s)(.{1,63}?) before the restore of ([0-9]{8}T[0-9]{6}Z), kept by granary as (.{1,63}?) \(database ([0-9]{1,10})\)(?:\n(.*))?/#
        guard let match = comment.wholeMatch(of: form), let oid = UInt32(match.4) else { return nil }
        (target, time, name, self.oid) = (String(match.1), String(match.2), String(match.3), oid)
        rest = match.5.map(String.init)
    }

    func text(before rest: String?) -> String {
        let text = "\(target) before the restore of \(time), kept by granary as \(name) (database \(oid))"
        return rest.map { "\(text)\n\($0)" } ?? text
    }

    /// The comment without a mark; nil if nothing is left.
    static func original(_ comment: String) -> String? {
        guard let mark = KeptMark(comment) else { return comment }
        return mark.rest
    }
}
