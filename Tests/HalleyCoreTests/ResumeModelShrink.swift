import HalleyCore

extension ModelSearch {
    /// Leaves out of a history whatever it can do without, so that it can be read.
    static func shrink(_ history: [ModelAction], _ scene: ModelScene, _ rules: ModelRules) -> [ModelAction] {
        var shortest = history
        var index = 0
        while index < shortest.count {
            var shorter = shortest
            shorter.remove(at: index)
            if let broken = breaks(shorter, scene, rules) {
                shortest = broken
                index = 0
            } else {
                index += 1
            }
        }
        return shortest
    }

    /// The history up to where it breaks a promise; `nil` when it doesn't, or can't happen.
    private static func breaks(_ history: [ModelAction], _ scene: ModelScene, _ rules: ModelRules) -> [ModelAction]? {
        var world = ModelWorld(scene, rules)
        for (index, action) in history.enumerated() {
            guard world.choices.contains(action) else { return nil }
            world.apply(action)
            if world.isBeyondPromise { return nil }
            if world.violation != nil { return Array(history[...index]) }
        }
        return nil
    }
}
