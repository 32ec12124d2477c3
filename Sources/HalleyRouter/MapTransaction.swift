import HalleyCore

/// Replaces the router's map in one transaction: a request sees the old map or the new one, never a part.
struct MapTransaction: Sendable {
    let api: RuntimeAPI
    let mapNumber: Int

    /// - Parameter holdsLease: asked before the transaction is opened and again before it is committed, for between the
    ///   two another coordinator may have become leader. A transaction that is left open harms nobody: HAProxy drops it
    ///   when a later one is committed.
    func commit(_ entries: [MapEntry], holdsLease: @Sendable () async -> Bool) async throws(RouterError) {
        guard await holdsLease() else { throw .leaseLost }
        let prepare = RuntimeCommand.prepareMap(number: mapNumber)
        let answer = try await api.perform(prepare)
        guard let colon = answer.lastIndex(of: ":"),
            let version = UInt32(answer[answer.index(after: colon)...].filter { $0 != " " })
        else { throw .unreadable(command: prepare.description, answer: answer) }

        try await api.perform(.addEntries(number: mapNumber, version: version, entries))
        guard await holdsLease() else { throw .leaseLost }
        try await api.perform(.commitMap(number: mapNumber, version: version))
    }
}
