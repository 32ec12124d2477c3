import Configuration

/// `HALLEY_…` variables as options: each stands in for the flag of its name, unless the command line has the flag.
enum Environment {
    /// The arguments with those of the environment added, so that one parser checks both and speaks of one name.
    static func completed(_ arguments: [String]) -> [String] {
        guard let command = arguments.first, let flags = flags[command] else { return arguments }
        let reader = ConfigReader(provider: EnvironmentVariablesProvider()).scoped(to: "halley")
        var completed = arguments
        // Options go right after the subcommand: `publish` takes operands, which come last.
        var place = 1
        for flag in flags where !arguments.contains(where: { $0 == "--\(flag)" || $0.hasPrefix("--\(flag)=") }) {
            let key = ConfigKey(flag.split(separator: "-").map(String.init))
            // An empty one is none: what compose makes of a variable that isn't set.
            guard let value = reader.string(forKey: key), !value.isEmpty else { continue }
            if switches[command]?.contains(flag) ?? false {
                guard ["1", "true", "yes"].contains(value.lowercased()) else { continue }
                completed.insert("--\(flag)", at: place)
            } else {
                completed.insert("--\(flag)=\(value)", at: place)
            }
            place += 1
        }
        return completed
    }

    /// The options of each subcommand.
    static let flags: [String: [String]] = [
        "worker": RedisOptions.flags + LogOptions.flags + OriginOptions.flags + WorkerCommand.flags,
        "coordinator": RedisOptions.flags + LogOptions.flags + OriginOptions.flags + CoordinatorCommand.flags,
        "publish": RedisOptions.flags,
        "subscribe": SubscribeCommand.flags,
        "status": RedisOptions.flags,
        "bench": RedisOptions.flags + BenchCommand.flags,
    ]

    /// Flags without a value.
    private static let switches: [String: Set<String>] = [
        "worker": ["open", "no-jsonp", "ws-echo-for-tests"],
        "coordinator": ["open"],
        "subscribe": ["json", "quiet"],
        "bench": ["saturate", "progress"],
    ]
}
