import HalleyClient

/// What one answer's bytes are read with, and what of them hasn't come whole.
enum Reading {
    case eventStream(LineSplitter, EventStreamFields)
    case lines(LineSplitter)
    case parts(PartSplitter)
    case scripts(ScriptSplitter)
    case frames(WebSocketFrames)
    /// Read when the answer is over.
    case whole([UInt8])

    init(_ transport: BenchSettings.Transport) {
        self =
            switch transport {
            case .sse: .eventStream(LineSplitter(takesCR: true), EventStreamFields())
            case .stream: .lines(LineSplitter(takesCR: false))
            case .multipart: .parts(PartSplitter())
            case .iframe: .scripts(ScriptSplitter())
            case .websocket: .frames(WebSocketFrames())
            case .longPoll, .jsonp: .whole([])
            }
    }
}
