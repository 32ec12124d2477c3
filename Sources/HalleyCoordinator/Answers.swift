import FoundationEssentials
import HalleyCluster
import HalleyCore

/// The JSON that the coordinator answers with.
enum Answers {
    struct Session: Encodable {
        let session: String
        let shard: String
        let url: String
        let ticket: String
        let expiresIn: Int

        init(_ grant: SessionGrant) {
            session = grant.session.description
            shard = grant.label.description
            url = grant.url
            ticket = grant.ticket
            expiresIn = grant.expiresIn
        }
    }

    struct Problem: Encodable {
        let error: String
    }

    /// `{"id":"…"}` of a durable event, `{"receivers":N}` of a live one.
    struct Published: Encodable {
        var id: String?
        var receivers: Int?

        init(_ receipt: Publishing.Receipt) {
            switch receipt {
            case .durable(let id): self.id = id.description
            case .live(let receivers): self.receivers = receivers
            }
        }
    }

    struct Live: Encodable {
        let status = "live"
        let coordinator: String
        let version: String
    }

    struct Ready: Encodable {
        let status: String
        let coordinator: String
        let leader: String?
        let reasons: [String]?
    }

    struct Shards: Encodable {
        let generation: String?
        let leader: String?
        let shards: [String: String]
        let workers: [Worker]

        struct Worker: Encodable {
            let id: String
            let address: String
            let connections: Int
            let state: String
            let version: String
            let incarnation: String
            let shards: Int
        }

        init(_ view: ClusterView.State) {
            generation = view.map?.generation.description
            leader = view.leader ?? view.map?.leader
            shards = Dictionary(
                uniqueKeysWithValues: (view.map?.owners ?? [:]).map { ($0.key.description, $0.value.description) })
            let counts = view.map?.counts ?? [:]
            workers = view.workers.values.sorted { $0.id < $1.id }.map { record in
                Worker(
                    id: record.id.description, address: record.address.description, connections: record.connections,
                    state: record.state.rawValue, version: record.version, incarnation: record.incarnation.description,
                    shards: counts[record.id] ?? 0)
            }
        }
    }

    /// In one order always, and with slashes as they are.
    static func json(_ value: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // None of the types above can fail to encode.
        return (try? encoder.encode(value)).map { Array($0) } ?? Array("{}".utf8)
    }
}
