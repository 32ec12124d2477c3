import HalleyCore
import HalleyHub
import HalleyTransports
import NIOCore
import Testing

@Suite struct LongPollTests {
    private func body(_ deliveries: [Delivery], position: Position?) -> String {
        String(
            decoding: LongPoll.response(position: position, events: deliveries.map(LongPoll.event)).body,
            as: UTF8.self)
    }

    @Test func theBodyHoldsThePositionAndTheEvents() {
        #expect(
            body([delivery("1", position: somewhere), delivery("two", on: sport)], position: somewhere)
                == #"{"position":"\#(somewhere)","events":["#
                + #"{"channel":"news","position":"\#(somewhere)","data":1},{"channel":"sport","data":"two"}]}"# + "\n")
    }

    @Test func whenTheTimeIsOverTheEventsAreEmpty() {
        #expect(body([], position: somewhere) == #"{"position":"\#(somewhere)","events":[]}"# + "\n")
        #expect(body([], position: nil) == #"{"events":[]}"# + "\n")
    }

    @Test func thePositionStandsInTheHeadToo() {
        let fields = LongPoll.response(position: somewhere, events: []).fields
        #expect(fields.map(\.name) == ["Halley-Position"])
        #expect(fields.map(\.value) == [somewhere.description])
        #expect(LongPoll.response(position: nil, events: []).fields.isEmpty)
    }

    @Test func itsFramesAreNoOtherFormats() throws {
        let polls = [
            LongPoll.keepAliveAnswer, LongPoll.closingAnswer, LongPoll.sharedEvent, JSONP.sharedEvent,
            JSONP.sharedArguments,
        ]
        let streams = try WireFormatTests.all().map { WireFormat($0).frameFormat }
        #expect(Set(polls + streams).count == polls.count + streams.count)
    }
}
