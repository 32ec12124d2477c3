import HalleyClient
import HalleyCore
import Testing

@Suite struct CourseTests {
    /// `#expect` takes no calls that change a value.
    private final class Subject {
        private var course: Course
        init(_ course: Course) { self.course = course }
        func next(from position: String?) -> Course.Step { course.next(from: position) }
        func deskAnswered(_ head: AnswerHead, _ body: [UInt8], random: Double) throws {
            try course.deskAnswered(head, body, random: random)
        }
        func eventsAnswered(_ head: AnswerHead, _ body: [UInt8], random: Double) throws -> Bool {
            try course.eventsAnswered(head, body, random: random)
        }
        func lost(because reason: String, after lasting: Duration = .zero, _ random: Double) {
            course.lost(because: reason, after: lasting, random)
        }
    }

    private func course(
        _ url: String = "http://push.example.com", _ change: (inout HalleyClient.Options) -> Void = { _ in }
    ) throws -> Subject {
        var options = HalleyClient.Options()
        change(&options)
        return Subject(
            Course(
                apex: try #require(ServerURL(url)), channels: [try Channel("news"), try Channel("a#b")],
                options: options))
    }

    private func head(_ status: Int, _ fields: [String: String] = [:]) throws -> AnswerHead {
        try AnswerHead(
            "HTTP/1.1 \(status) Words" + fields.map { "\r\n\($0.key): \($0.value)" }.joined())
    }

    private let grant = Array(
        #"{"url":"http:\/\/s1-a.push.example.com\/events?channel=news&ticket=t","ticket":"t"}"#.utf8)
    private let ndjson = ["Content-Type": "application/x-ndjson"]

    private func url(_ text: String) throws -> ServerURL { try #require(ServerURL(text)) }

    @Test func aSessionFirstThenItsEvents() throws {
        let course = try course()
        #expect(course.next(from: nil) == .askSession(try url("http://push.example.com/session")))
        try course.deskAnswered(head(200), grant, random: 0)
        #expect(
            course.next(from: nil)
                == .subscribe(try url("http://s1-a.push.example.com/events?channel=news&ticket=t&transport=stream")))
        let isOpen = try course.eventsAnswered(head(200, ndjson), [], random: 0)
        #expect(isOpen)
        course.lost(because: "cut", after: .seconds(60), 0.5)
        #expect(course.next(from: "1-0.aaaaaa") == .wait(.milliseconds(500), because: "cut"))
        #expect(
            course.next(from: "1-0.aaaaaa")
                == .subscribe(
                    try url(
                        "http://s1-a.push.example.com/events?channel=news&ticket=t&transport=stream&position=1-0.aaaaaa"
                    )))
    }

    @Test(arguments: [404, 405, 413, 501]) func aWorkerByItselfIsAskedForEvents(status: Int) throws {
        let course = try course("http://127.0.0.1:9001/push") { $0.transport = .sse }
        try course.deskAnswered(head(status), [], random: 0)
        #expect(
            course.next(from: nil)
                == .subscribe(
                    try url("http://127.0.0.1:9001/push/events?channel=news&channel=a%23b&transport=sse&format=json")))
        #expect(throws: HalleyClientError.self) { _ = try course.eventsAnswered(head(401), [], random: 0) }
    }

    @Test func aRefusedTicketIsChangedForANewSession() throws {
        let course = try course()
        try course.deskAnswered(head(200), grant, random: 0)
        let isOpen = try course.eventsAnswered(head(401), [], random: 0)
        #expect(!isOpen)
        #expect(course.next(from: nil) == .wait(.zero, because: "the ticket was refused"))
        #expect(course.next(from: nil) == .askSession(try url("http://push.example.com/session")))
    }

    @Test func redirectsAreFollowedAndKept() throws {
        let course = try course()
        try course.deskAnswered(head(307, ["Location": "http://other.example.com/session"]), [], random: 0)
        #expect(course.next(from: nil) == .askSession(try url("http://other.example.com/session")))
        try course.deskAnswered(head(200), grant, random: 0)
        _ = try course.eventsAnswered(
            head(307, ["Location": "//s2-b.push.example.com/events?channel=news&ticket=new&position=1-0.aaaaaa"]), [],
            random: 0)
        #expect(
            course.next(from: "2-0.aaaaaa")
                == .subscribe(
                    try url(
                        "http://s2-b.push.example.com/events?channel=news&ticket=new&transport=stream&position=2-0.aaaaaa"
                    )))
    }

    @Test func redirectsEnd() throws {
        let course = try course()
        try course.deskAnswered(head(200), grant, random: 0)
        let turn = try head(307, ["Location": "/events?channel=news"])
        for _ in 0..<5 { _ = try course.eventsAnswered(turn, [], random: 0) }
        #expect(throws: HalleyClientError.self) { _ = try course.eventsAnswered(turn, [], random: 0) }
    }

    @Test(arguments: [[:], ["Location": "ftp://a/"], ["Location": "http://plain.example.com/"]])
    func redirectsThatLeadNowhereOrAwayFromTLSAreRefused(fields: [String: String]) throws {
        let course = try course("https://push.example.com")
        #expect(throws: HalleyClientError.self) { try course.deskAnswered(head(307, fields), [], random: 0) }
        #expect(throws: HalleyClientError.self) { try course.deskAnswered(head(200), grant, random: 0) }
    }

    @Test(arguments: [408, 425, 429, 500, 502, 503, 504]) func whatPassesIsTriedAgain(status: Int) throws {
        let course = try course()
        try course.deskAnswered(head(status, ["Retry-After": "7"]), Array("busy".utf8), random: 0)
        #expect(
            course.next(from: nil)
                == .wait(.seconds(7), because: "http://push.example.com/session answered \(status): busy"))
        try course.deskAnswered(head(200), grant, random: 0)
        _ = try course.eventsAnswered(head(status, ["Retry-After": "86400"]), [], random: 0)
        guard case .wait(.seconds(60), _) = course.next(from: nil) else {
            Issue.record("Retry-After has a bound")
            return
        }
    }

    @Test(arguments: [400, 403, 404, 410, 418]) func whatDoesntPassEndsIt(status: Int) throws {
        let course = try course()
        try course.deskAnswered(head(200), grant, random: 0)
        let error = #expect(throws: HalleyClientError.self) {
            _ = try course.eventsAnswered(head(status), Array("{\"error\":\"n\u{1b}o\"}".utf8), random: 0)
        }
        #expect(error?.code == .refused(status: status))
        #expect(error?.description == "http://s1-a.push.example.com/events answered \(status): {\"error\":\"n o\"}")
    }

    @Test func whatHasWorkedMayWorkAgain() throws {
        let course = try course()
        try course.deskAnswered(head(200), grant, random: 0)
        _ = try course.eventsAnswered(head(200, ndjson), [], random: 0)
        course.lost(because: "cut", 0)
        let isOpen = try course.eventsAnswered(head(404), [], random: 0)
        #expect(!isOpen)
        #expect(throws: HalleyClientError.self) { _ = try course.eventsAnswered(head(400), [], random: 0) }
    }

    @Test func whatIsNotHalleyIsSaidSo() throws {
        let course = try course()
        let page = Array("<html>".utf8)
        let error = #expect(throws: HalleyClientError.self) { try course.deskAnswered(head(200), page, random: 0) }
        #expect(error?.code == .notHalley)
        try course.deskAnswered(head(200), grant, random: 0)
        #expect(throws: HalleyClientError.self) {
            _ = try course.eventsAnswered(head(200, ["Content-Type": "text/html"]), page, random: 0)
        }
    }

    @Test func aSessionWhoseHostIsGoneIsGivenUp() throws {
        let course = try course()
        try course.deskAnswered(head(200), grant, random: 0)
        for _ in 0..<4 {
            course.lost(because: "refused", 0)
            _ = course.next(from: nil)
            guard case .subscribe = course.next(from: nil) else {
                Issue.record("given up too soon")
                return
            }
        }
        course.lost(because: "refused", 0)
        _ = course.next(from: nil)
        #expect(course.next(from: nil) == .askSession(try url("http://push.example.com/session")))
    }

    @Test func aServerThatKeepsNobodyIsAskedMoreAndMoreRarely() throws {
        let course = try course()
        try course.deskAnswered(head(200), grant, random: 0)
        var waits: [Duration] = []
        for lasting in [0, 1, 1, 11] {
            course.lost(because: "cut", after: .seconds(lasting), 1)
            guard case .wait(let wait, _) = course.next(from: nil) else { continue }
            waits.append(wait)
        }
        #expect(waits == [1, 2, 4, 1].map { .seconds($0) })
    }
}
