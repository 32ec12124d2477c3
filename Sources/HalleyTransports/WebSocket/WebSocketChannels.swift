import FoundationEssentials
import HalleyCore
import HalleyHub
import NIOCore

import struct HalleyCore.Channel

/// The channels of a WebSocket, which come and go as its client asks: the first are its connection's own, later ones are
/// legs until they have joined those.
extension WebSocket {
    func join(_ channels: [Channel], from position: Position?) throws(HubError) {
        joinDeadline = server.now + server.bounds.join
        do throws(HubError) {
            try server.hub.join(connection, channels: channels, from: position)
        } catch {
            joinDeadline = .distantFuture
            throw error
        }
        channelDeadline = .distantFuture
    }

    /// The connection's own channels are in.
    func joined(_ resume: Resume, at position: Position?) {
        joinDeadline = .distantFuture
        let channels = connection.membership.seats.map(\.topic.channel)
        connection.say(WebSocketMessage.subscribed(channels, resume, at: position, isOwn: false))
    }

    // MARK: - What the client asks for

    func subscribe(to channels: [Channel], from position: Position?) {
        let isAdmitted = ticket.map { ticket in
            ticket.expiry > Int64(Date().timeIntervalSince1970) && channels.allSatisfy(ticket.admits)
        }
        guard isAdmitted ?? true else { return refuse(channels, "the ticket doesn't grant every channel asked for") }
        let joined = connection.membership.seats.map(\.topic.channel)
        let present = joined + legs.flatMap { $0.membership.seats.map(\.topic.channel) }
        let new = channels.filter { !present.contains($0) }
        let most = SubscriptionRequest.maximumChannels
        guard present.count + new.count <= most else {
            return refuse(channels, "one connection may have \(most) channels")
        }
        // Those that are on their way will be heard of by themselves.
        let known = joinDeadline == .distantFuture ? channels.filter(joined.contains) : []
        if !known.isEmpty { connection.say(WebSocketMessage.joined(known, at: nil)) }
        guard !new.isEmpty, isOpen else { return }
        do {
            if present.isEmpty {
                try join(new, from: position)
            } else {
                let leg = Leg(of: self, deadline: server.now + server.bounds.join)
                try server.hub.join(leg, channels: new, from: position)
                legs.append(leg)
            }
        } catch {
            refuse(new, "\(error)")
        }
    }

    private func refuse(_ channels: [Channel], _ why: String) {
        connection.say(WebSocketMessage.error(why, of: "subscribe", channels: channels))
    }

    func unsubscribe(from channels: [Channel]) {
        // Before the answer stands what came of them, behind it nothing.
        sendWords()
        for channel in channels where isOpen {
            server.hub.leave(connection, channel)
            for leg in legs { server.hub.leave(leg, channel) }
        }
        dropEmptyLegs()
        guard isOpen else { return }
        if legs.isEmpty, connection.membership.seats.isEmpty {
            joinDeadline = .distantFuture
            channelDeadline = server.now + Self.patience
        }
        connection.say(WebSocketMessage.unsubscribed(channels))
    }

    // MARK: - Legs

    /// One of the legs has something to send.
    func hasWords() { server.markDirty(connection) }

    func followed(_ due: Due, by delivery: Delivery) -> Due { due.followed(by: delivery, in: &server.runs) }

    var takesBacklog: Bool { connection.takesBacklog }

    func lag(_ leg: Leg, from first: Delivery) -> Bool { server.hub.lag(leg, from: first) }

    func sendWords() {
        for leg in legs {
            for word in leg.takeWords() where isOpen { connection.put(word) }
        }
    }

    func absorbLegs() {
        guard isOpen, legs.contains(where: { $0.isEmpty && $0.membership.isLive }) else { return }
        var joined: [Channel] = []
        legs.removeAll { leg in
            guard leg.isEmpty, let channels = server.hub.absorb(leg, into: connection) else { return false }
            joined += channels
            return true
        }
        guard !joined.isEmpty else { return }
        connection.say(WebSocketMessage.joined(joined, at: server.hub.position))
    }

    private func dropEmptyLegs() {
        legs.removeAll { leg in
            guard leg.membership.seats.isEmpty else { return false }
            leg.end()
            return true
        }
    }

    /// Those that the broker hasn't taken in for too long come to nothing.
    func endLateLegs(now: NIODeadline) {
        for leg in legs where now >= leg.deadline {
            let channels = leg.membership.seats.map(\.topic.channel)
            server.hub.leave(leg)
            refuse(channels, "the broker doesn't answer; ask again later")
        }
        dropEmptyLegs()
    }
}
