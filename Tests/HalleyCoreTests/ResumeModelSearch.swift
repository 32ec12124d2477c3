import HalleyCore

/// What a search found.
struct ModelFinding {
    /// How many different moments were seen.
    var states = 0
    /// How many steps were tried.
    var steps = 0
    /// How long the longest history was.
    var depth = 0
    /// All histories of the scene were seen to their end, none cut off by the depth.
    var isComplete = false
    /// The history that breaks a promise; of an exhaustive search a shortest one.
    var history: [ModelAction] = []
    var violation: ModelViolation?

    /// The history to read.
    var story: String {
        history.map(\.description).joined(separator: " | ") + (violation.map { " | \($0)" } ?? " | nothing breaks")
    }
}

/// Looks at every history of a scene, shorter ones first; histories that lead to the same moment go on as one.
enum ModelSearch {
    /// Whether this was compiled with optimization.
    static var isFast: Bool {
        #if DEBUG
            false
        #else
            true
        #endif
    }

    static func exhaustive(_ scene: ModelScene, _ rules: ModelRules) -> ModelFinding {
        var finding = ModelFinding(states: 1)
        let start = ModelWorld(scene, rules)
        var seen: Set<UInt64> = [start.fingerprint]
        var came: [(from: Int, by: ModelAction)] = []
        var frontier = [(world: start, number: -1)]
        while !frontier.isEmpty, finding.depth < scene.depth {
            finding.depth += 1
            var next: [(world: ModelWorld, number: Int)] = []
            for (world, number) in frontier {
                for action in world.choices {
                    var after = world
                    after.apply(action)
                    finding.steps += 1
                    if after.isBeyondPromise { continue }
                    if let violation = after.violation {
                        finding.violation = violation
                        finding.history = [action]
                        var at = number
                        while at >= 0 {
                            finding.history.append(came[at].by)
                            at = came[at].from
                        }
                        finding.history.reverse()
                        return finding
                    }
                    guard seen.insert(after.fingerprint).inserted else { continue }
                    finding.states += 1
                    came.append((number, action))
                    next.append((after, came.count - 1))
                }
            }
            frontier = next
        }
        finding.isComplete = frontier.isEmpty
        return finding
    }

    /// One long history, drawn from a seed.
    static func random(_ scene: ModelScene, _ rules: ModelRules, seed: UInt64) -> ModelFinding {
        var finding = ModelFinding()
        var random = SeededGenerator(seed: seed)
        var world = ModelWorld(scene, rules)
        while finding.depth < scene.depth {
            // Of the kinds that are possible one is drawn, then one of that kind: there are many ways to publish.
            let choices = world.choices
            let kinds = Array(Set(choices.map(\.kind.rawValue))).sorted()
            guard let kind = kinds.randomElement(using: &random),
                let action = choices.filter({ $0.kind.rawValue == kind }).randomElement(using: &random)
            else { break }
            var after = world
            after.apply(action)
            finding.steps += 1
            finding.depth += 1
            if after.isBeyondPromise { continue }
            finding.states += 1
            finding.history.append(action)
            world = after
            if let violation = world.violation {
                finding.violation = violation
                return finding
            }
        }
        finding.history = []
        return finding
    }
}
