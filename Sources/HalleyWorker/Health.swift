import HalleyBroker
import HalleyCore
import HalleyTransports

/// What a worker says of itself over HTTP.
package struct Health {
    let worker: WorkerID
    let incarnation: Incarnation

    package init(worker: WorkerID, incarnation: Incarnation) {
        self.worker = worker
        self.incarnation = incarnation
    }

    /// The process runs and its event loop turns: what the router asks.
    package func live() -> HTTPResponse {
        HTTPResponse(
            status: .ok,
            body: Array(
                #"{"status":"live","worker":"\#(worker)","incarnation":"\#(incarnation)","version":"\#(Version.current)"}"#
                    .utf8)
                + [0x0A])
    }

    /// Whether events come: what operators and orchestrators ask. The router doesn't: Redis' death must not drop
    /// connections that will be served again when it is back.
    package func ready(_ readiness: Readiness) -> HTTPResponse {
        var body = Array(#"{"status":"\#(readiness.isReady ? "ready" : "red")","worker":"\#(worker)","reasons":["#.utf8)
        for (index, reason) in readiness.reasons.enumerated() {
            if index > 0 { body.append(UInt8(ascii: ",")) }
            JSONText.appendString(reason.utf8, to: &body)
        }
        body.append(contentsOf: "]}\n".utf8)
        return HTTPResponse(status: readiness.isReady ? .ok : .serviceUnavailable, body: body)
    }
}
