import FoundationEssentials
import HTTPTypes
import HalleyBroker
import HalleyBrowser
import HalleyCore
import Hummingbird
import Logging
import NIOCore

import struct HalleyCore.Channel

/// What one listener answers. The decisions are elsewhere, pure; here requests are read and answers written.
struct Site: HTTPResponder {
    typealias Context = BasicRequestContext

    /// The largest payload of an event, and the largest batch, in bytes: 1 MiB.
    static let maximumPayload = 1 << 20

    let settings: CoordinatorSettings
    /// Whether the administrators' routes are here too.
    let isOpen: Bool
    let view: ClusterView
    let keys: KeyRing
    let publishing: Publishing
    let readiness: @Sendable () async -> Readiness
    let logger: Logger

    /// What an `EventSource` gives back (WHATWG HTML, section 9.2.4).
    private static let lastEventID = HTTPField.Name(parsed: "last-event-id")
    /// A publisher's own name for an event, under which it may repeat it (draft-ietf-httpapi-idempotency-key-header).
    private static let idempotencyKey = HTTPField.Name(parsed: "idempotency-key")

    private var policy: OriginPolicy {
        OriginPolicy(apex: settings.publicURL.origin, allowed: settings.allowedOrigins, allowsLocal: isOpen)
    }

    func respond(to request: Request, context: Context) async throws -> Response {
        var response: Response
        do {
            response = try await answer(request)
        } catch let error as RequestError {
            response = refuse(error)
        } catch {
            logger.error("a request failed", metadata: ["path": "\(request.uri.path.prefix(64))", "error": "\(error)"])
            response = refuse(.unavailable)
        }
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
        response.headers[.vary] = "Origin"
        response.headers[.xContentTypeOptions] = "nosniff"
        response.headers[Self.referrerPolicy] = "no-referrer"
        if request.method == .head {
            // In this order: Hummingbird's responses take their length from the body that they are given.
            let length = response.body.contentLength
            response.body = ResponseBody()
            response.headers[.contentLength] = length.map { "\($0)" }
        }
        return response
    }

    private func answer(_ request: Request) async throws -> Response {
        let target = request.head.path ?? ""
        let halves = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let route = try Route(path: halves[0], method: request.method, isOpen: isOpen)
        if let length = request.headers[.contentLength] {
            guard let length = Int(length), length <= Self.maximumPayload else {
                throw RequestError.bodyTooLarge(Self.maximumPayload)
            }
        }
        let query = try Query(halves.count == 2 ? halves[1] : "")
        switch route {
        case .demo: return demo()
        case .client(let file): return client(file, known: request.headers[.ifNoneMatch])
        case .session: return try await session(request, query)
        case .events: return try events(request, query)
        case .publish: return try await publish(request, query)
        case .shards: return json(Answers.Shards(view.current))
        case .live:
            return json(Answers.Live(coordinator: settings.id, version: settings.version))
        case .ready: return await ready()
        }
    }

    // MARK: Sessions

    private func session(_ request: Request, _ query: Query) async throws -> Response {
        let relation = policy.relation(origin: request.headers[.origin], host: request.head.authority)
        guard relation != .foreign else { throw RequestError.foreignOrigin }
        var response: Response
        if request.method == .options {
            response = Response(status: .noContent)
            response.headers[.accessControlAllowMethods] = "POST"
            response.headers[.accessControlAllowHeaders] = "Authorization, Content-Type"
            response.headers[.accessControlMaxAge] = "600"
        } else {
            let body = try await body(request, upTo: SessionBody.maximumLength)
            let grant = try SessionRequest(body: SessionBody(body), query: query).grant(
                label: view.place(), keys: try keys.current(), apex: settings.publicURL, now: Self.now,
                lifetime: settings.ticketLifetime)
            response = json(Answers.Session(grant))
        }
        if case .listed(let origin) = relation { response.headers[.accessControlAllowOrigin] = "\(origin)" }
        return response
    }

    /// Answers are readable for every page, without credentials: what admits is the ticket, and an `EventSource` that
    /// was redirected across origins says `Origin: null`.
    private func events(_ request: Request, _ query: Query) throws -> Response {
        var response: Response
        if request.method == .options {
            response = Response(status: .noContent)
            response.headers[.accessControlAllowMethods] = "GET"
            response.headers[.accessControlAllowHeaders] = "Authorization, Cache-Control, Last-Event-ID"
            response.headers[.accessControlMaxAge] = "600"
        } else {
            let relation = policy.relation(origin: request.headers[.origin], host: request.head.authority)
            let redirect = EventsRedirect(
                apex: settings.publicURL, keys: try keys.current(), lifetime: settings.ticketLifetime, now: Self.now)
            // A position that can't be read is the worker's to refuse.
            let position = (Self.lastEventID.flatMap { request.headers[$0] } ?? query.values("position").first)
                .flatMap { try? Position(parsing: $0) }
            do throws(RequestError) {
                let grant = try redirect.grant(
                    query: query, bearer: request.bearer, mayBegin: relation != .foreign,
                    place: { view.place(for: position) })
                response = Response(status: .temporaryRedirect, headers: [.location: grant.url])
            } catch {
                // A foreign page without a ticket isn't even told why.
                guard error != .foreignOrigin else { throw error }
                response = refuse(error)
            }
        }
        response.headers[.accessControlAllowOrigin] = "*"
        return response
    }

    // MARK: Administration

    private func publish(_ request: Request, _ query: Query) async throws -> Response {
        guard
            policy.mayPublish(
                origin: request.headers[.origin], host: request.head.authority,
                fetchSite: request.headers[Self.secFetchSite])
        else { throw RequestError.foreignOrigin }
        let keys = Self.idempotencyKey.map { request.headers[values: $0] } ?? []
        let body = try await body(request, upTo: Self.maximumPayload)
        guard PublishBatch.isMeant(by: request.headers[.contentType]) else {
            let event = try PublishRequest(query: query, keys: keys, payload: body)
            return json(Answers.Published(try await publishing.publish(event)))
        }
        let answers = await publishing.publish(try PublishBatch(body, query: query, keys: keys))
        return Response(
            status: .ok, headers: [.contentType: PublishBatch.contentType],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: answers)))
    }

    private func ready() async -> Response {
        let state = view.current
        var reasons = await readiness().reasons
        if let complaint = state.complaint { reasons.append(complaint) }
        if !keys.isKnown { reasons.append("the ticket keys aren't known yet") }
        var response = json(
            Answers.Ready(
                status: reasons.isEmpty ? "ready" : "unready", coordinator: settings.id, leader: state.leader,
                reasons: reasons.isEmpty ? nil : reasons))
        if !reasons.isEmpty { response.status = .serviceUnavailable }
        return response
    }

    private func demo() -> Response {
        let page = Demo(
            apex: settings.publicURL, isOpen: isOpen, cluster: settings.cluster, nonce: SessionID.random().description)
        var response = Response(status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(string: page.html)))
        response.headers[.contentType] = "text/html; charset=utf-8"
        response.headers[.contentSecurityPolicy] = page.contentSecurityPolicy
        return response
    }

    /// Any page may load it, and a cache may keep it, but asks each time whether it is still the same.
    ///
    /// - Parameter known: what the cache has: entity tags, by commas (RFC 9110, section 13.1.2).
    private func client(_ file: ClientFile, known: String?) -> Response {
        let tags = known?.split(separator: ",").map { $0.drop { $0 == " " } } ?? []
        let isKnown = tags.contains { $0 == file.entityTag || $0 == "W/\(file.entityTag)" || $0 == "*" }
        var response =
            isKnown
            ? Response(status: .notModified)
            : Response(
                status: .ok, headers: [.contentType: file.contentType],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: file.bytes)))
        response.headers[.cacheControl] = "public, no-cache"
        response.headers[.eTag] = file.entityTag
        response.headers[.accessControlAllowOrigin] = "*"
        // Pages that isolate themselves (Cross-Origin-Embedder-Policy) load only what says this.
        response.headers[Self.resourcePolicy] = "cross-origin"
        return response
    }

    // MARK: Reading and writing

    private func body(_ request: Request, upTo limit: Int) async throws -> [UInt8] {
        guard [nil, "identity"].contains(request.headers[.contentEncoding]?.lowercased()) else {
            throw RequestError.encodedBody
        }
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limit {
            throw RequestError.bodyTooLarge(limit)
        }
        do {
            return Array(buffer: try await request.body.collect(upTo: limit))
        } catch let error as RequestError {
            throw error
        } catch is NIOTooManyBytesError {
            throw RequestError.bodyTooLarge(limit)
        } catch {
            throw RequestError.malformedBody
        }
    }

    private func json(_ value: some Encodable) -> Response {
        Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: Answers.json(value))))
    }

    private func refuse(_ error: RequestError) -> Response {
        var response = json(Answers.Problem(error: "\(error)"))
        response.status = error.status
        if case .wrongMethod(let methods) = error {
            response.headers[.allow] = methods.map(\.rawValue).joined(separator: ", ")
        }
        if error.status == .serviceUnavailable { response.headers[.retryAfter] = "1" }
        return response
    }

    /// Seconds since 1970.
    private static var now: Int64 { Int64(Date().timeIntervalSince1970) }

    private static let referrerPolicy = HTTPField.Name("Referrer-Policy") ?? .referer
    private static let resourcePolicy = HTTPField.Name("Cross-Origin-Resource-Policy") ?? .referer
    private static let secFetchSite = HTTPField.Name("Sec-Fetch-Site") ?? .referer
}

extension Request {
    /// The ticket of an `Authorization: Bearer` field (RFC 6750).
    fileprivate var bearer: String? {
        guard let parts = headers[.authorization]?.split(separator: " ", maxSplits: 1), parts.count == 2,
            parts[0].lowercased() == "bearer"
        else { return nil }
        return String(parts[1])
    }
}
