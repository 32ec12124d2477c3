import HalleyCore

/// The channels of one session: each once, in the order asked.
package struct ChannelList: Hashable, Sendable {
    /// The most channels of one session, as of one connection.
    package static let maximum = 64

    package let channels: [Channel]

    /// - Throws: ``RequestError`` for too many, and for one that is none. An empty list is one.
    package init(_ names: [String]) throws(RequestError) {
        guard names.count <= Self.maximum else { throw .tooManyChannels(names.count) }
        var channels: [Channel] = []
        for name in names {
            let channel: Channel
            do { channel = try Channel(name) } catch { throw .channel(error) }
            if !channels.contains(channel) { channels.append(channel) }
        }
        self.channels = channels
    }
}
