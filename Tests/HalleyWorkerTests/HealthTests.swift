import HalleyBroker
import HalleyCore
import HalleyWorker
import Testing

@Suite struct HealthTests {
    private func health() throws -> Health {
        Health(worker: try #require(WorkerID("worker-1")), incarnation: Incarnation(bits: 0xABC))
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test func liveSaysWhoItIs() throws {
        let answer = try health().live()
        #expect(answer.status == .ok)
        #expect(
            text(answer.body)
                == #"{"status":"live","worker":"worker-1","incarnation":"0000000000000abc","version":"\#(Version.current)"}"#
                + "\n")
    }

    @Test func readyIsTheAbsenceOfReasons() throws {
        let answer = try health().ready(Readiness())
        #expect(answer.status == .ok)
        #expect(text(answer.body) == #"{"status":"ready","worker":"worker-1","reasons":[]}"# + "\n")
    }

    @Test func everyReasonIsToldAsJSON() throws {
        let answer = try health().ready(Readiness(reasons: ["no \"Redis\"", "deaf"]))
        #expect(answer.status == .serviceUnavailable)
        #expect(text(answer.body) == #"{"status":"red","worker":"worker-1","reasons":["no \"Redis\"","deaf"]}"# + "\n")
        #expect(JSONText.isValid(answer.body))
    }
}
