import HalleyBroker
import HalleyCore
import HalleyRedis
import Logging

/// Publishes what requests ask for, and puts what Redis says to it into words.
struct Publishing: Sendable {
    let publisher: any Publisher
    let logger: Logger

    /// What became of one event.
    enum Receipt {
        case durable(EventID)
        /// So many of Redis' subscribers took it.
        case live(receivers: Int)
    }

    func publish(_ request: PublishRequest) async throws(RequestError) -> Receipt {
        do {
            switch request.mode {
            case .live:
                return .live(receivers: try await publisher.publishLive(request.channel, payload: request.payload))
            case .durable(let options):
                return .durable(
                    try await publisher.publish(request.channel, payload: request.payload, options: options))
            }
        } catch {
            let refusal = Self.refusal(error)
            logger.warning("an event could not be published", metadata: ["error": "\(error)"])
            throw refusal
        }
    }

    /// One line of JSON for each of the batch's, in order. One after the other, so that the events have that order too.
    func publish(_ batch: PublishBatch) async -> [UInt8] {
        var output: [UInt8] = []
        for event in batch.events {
            do throws(RequestError) {
                output += Answers.json(Answers.Published(try await publish(try event.get())))
            } catch {
                output += Answers.json(Answers.Problem(error: "\(error)"))
            }
            output.append(UInt8(ascii: "\n"))
        }
        return output
    }

    /// What a publisher is to know of an error: whether the event may be there all the same.
    private static func refusal(_ error: any Error) -> RequestError {
        switch error {
        case let reply as RedisErrorReply:
            let own = "ERR halley: "
            if reply.description.hasPrefix(own) {
                return .publish(.library(String(reply.description.dropFirst(own.count))))
            }
            return .publish(.refused(reply.code))
        case RedisError.lost, RedisError.overdue, RedisError.protocolViolation, RedisError.unexpectedReply:
            return .publish(.unconfirmed)
        default: return .unavailable
        }
    }
}
