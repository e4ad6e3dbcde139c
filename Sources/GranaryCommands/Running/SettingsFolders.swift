internal import Glibc

/// The user's folders of settings.
enum SettingsFolders {
    /// `granary/NAME` in each folder, in order of preference. If XDG_CONFIG_HOME is set, it is the only folder, according
    /// to its specification. HOME may be unset or name a missing folder; then the user's home in the list of users is
    /// used.
    static func files(named name: String, _ variables: [String: String]) -> [String] {
        var folders: [String] = []
        if let folder = variables["XDG_CONFIG_HOME"], folder.hasPrefix("/") {
            folders = [folder]
        } else {
            if let home = variables["HOME"], home.hasPrefix("/") { folders.append("\(home)/.config") }
            if let entry = getpwuid(geteuid()), let home = entry.pointee.pw_dir {
                folders.append("\(String(cString: home))/.config")
            }
        }
        var seen: Set<String> = []
        return folders.filter { seen.insert($0).inserted }.map { "\($0)/granary/\(name)" }
    }
}
