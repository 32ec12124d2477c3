import HalleyWorker
import Testing

@Suite struct ComplaintsTests {
    @Test func aFailureIsSaidWhenItBeginsAndWhenItChangesAndItsEndOnce() {
        var complaints = Complaints()
        var said: [String] = []
        complaints.succeeded { said.append("well") }
        for reason in ["down", "down", "refused", "down", "down"] { complaints.failed(reason) { said.append($0) } }
        #expect(complaints.isFailing)
        complaints.succeeded { said.append("well") }
        complaints.succeeded { said.append("well") }
        #expect(!complaints.isFailing)
        #expect(said == ["down", "refused", "down", "well"])
    }
}
