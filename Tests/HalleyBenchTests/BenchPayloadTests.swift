import HalleyBench
import Testing

@Suite struct BenchPayloadTests {
    @Test func thePayloadSaysWhichEventItIs() {
        let payload = BenchPayload(run: "k3Xz9a", length: 128)
        for (number, due) in [(0, UInt64(0)), (17, 123_456_789), (999_999_999, .max / 2), (-1, 5)] {
            let bytes = payload.bytes(number: number, due: due)
            #expect(bytes.count == 128)
            let read = bytes.withUnsafeBytes { payload.read($0) }
            #expect(read?.number == number && read?.due == due)
            #expect(bytes.withUnsafeBytes { BenchPayload(run: "other1", length: 128).read($0) } == nil)
            #expect(bytes.dropLast().withUnsafeBytes { payload.read($0) } == nil)
        }
        #expect(
            BenchPayload(run: "k3Xz9a", length: 0).bytes(number: .max, due: .max).count == BenchPayload.minimumLength)
    }
}
