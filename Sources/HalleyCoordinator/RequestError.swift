import HTTPTypes
import HalleyCore

/// Why a request is refused. No text echoes what came from the network.
package enum RequestError: Error, Equatable, CustomStringConvertible {
    case malformedTarget
    case malformedQuery
    case noHost
    case unknownPath
    /// With the methods that the path knows.
    case wrongMethod([HTTPRequest.Method])
    case noChannel
    /// So many were asked for.
    case tooManyChannels(Int)
    case notOneChannel(Int)
    case channel(ChannelError)
    /// The URL that the session would have, in bytes.
    case channelsTooLong(Int)
    case malformedBody
    case encodedBody
    /// The most bytes that a body may have here.
    case bodyTooLarge(Int)
    case bodyTooSlow
    case foreignOrigin
    case ticket(TicketError)
    case severalTickets
    case notAdmitted
    case publish(PublishError)
    /// Redis doesn't answer.
    case unavailable

    package var status: HTTPResponse.Status {
        switch self {
        case .malformedTarget, .malformedQuery, .noHost, .noChannel, .tooManyChannels, .notOneChannel, .channel,
            .channelsTooLong, .malformedBody, .severalTickets:
            .badRequest
        case .ticket: .unauthorized
        case .publish(let error): error.status
        case .foreignOrigin, .notAdmitted: .forbidden
        case .unknownPath: .notFound
        case .wrongMethod: .methodNotAllowed
        case .bodyTooSlow: .requestTimeout
        case .bodyTooLarge: .contentTooLarge
        case .encodedBody: .unsupportedMediaType
        case .unavailable: .serviceUnavailable
        }
    }

    package var description: String {
        switch self {
        case .malformedTarget: "the request's target can't be read; expected a path that begins with /"
        case .malformedQuery: "the query can't be read; expected name=value&… with whole percent-escapes of UTF-8"
        case .noHost: "a request names one host, in one Host field"
        case .unknownPath: "there is nothing here"
        case .wrongMethod(let methods):
            "this path takes \(methods.map(\.rawValue).joined(separator: ", "))"
        case .noChannel: "no channel; give at least one: channel=news"
        case .tooManyChannels(let count): "\(count) channels; one session may have \(ChannelList.maximum)"
        case .notOneChannel(let count): "\(count) channels; an event is published on one: /publish?channel=news"
        case .channel(let error): "\(error)"
        case .channelsTooLong(let length):
            "the channels' names make a URL of \(length) bytes; the most is \(SessionGrant.maximumURLLength)"
        case .malformedBody: #"the body can't be read; expected JSON such as {"channels":["news"]}, or nothing"#
        case .encodedBody: "the body has a Content-Encoding; send it plain"
        case .bodyTooLarge(let limit): "the body is too large; the most is \(limit) bytes"
        case .bodyTooSlow: "the body didn't come within \(RequestPace.Bounds().reading.components.seconds) s"
        case .foreignOrigin: "pages of this origin may not do this; the operator can list it by --allow-origin"
        case .ticket(let error): "\(error)"
        case .severalTickets: "more than one ticket"
        case .notAdmitted: "the ticket doesn't grant every channel asked for"
        case .publish(let error): "\(error)"
        case .unavailable: "the cluster's Redis doesn't answer; try again in a moment"
        }
    }
}
