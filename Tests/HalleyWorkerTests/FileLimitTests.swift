import HalleyWorker
import Testing

@Suite struct FileLimitTests {
    @Test func raisingLeavesRoomForMoreThanTheReserve() {
        let limit = FileLimit.raise()
        #expect(limit >= 1_024)
        #expect(FileLimit.raise() == limit)
    }
}
