import HalleyBench
import Testing

@Suite struct BenchLimitsTests {
    @Test func anIdleBenchIsNoLimit() {
        var readings = LoadReadings()
        readings.processCores = 0.5
        readings.busiestLoop = 0.4
        readings.machineBusy = 0.7
        readings.loopLagP99 = 0.3
        readings.publisherLateP99 = 0.2
        #expect(BenchLimit.found(in: readings).isEmpty)
    }

    @Test func eachLimitIsNamed() {
        var readings = LoadReadings()
        readings.busiestLoop = 0.93
        #expect(BenchLimit.found(in: readings) == [.loop(0.93)])
        readings = LoadReadings()
        readings.publisherLoop = 0.9
        #expect(BenchLimit.found(in: readings) == [.publisher(0.9)])
        readings = LoadReadings()
        readings.publisherLateP99 = 12
        #expect(BenchLimit.found(in: readings) == [.late(milliseconds: 12)])
        readings = LoadReadings()
        readings.loopLagP99 = 8.5
        #expect(BenchLimit.found(in: readings) == [.lag(milliseconds: 8.5)])
        readings = LoadReadings()
        readings.machineBusy = 0.99
        readings.machineCores = 2
        #expect(BenchLimit.found(in: readings) == [.machine(busy: 0.99, cores: 2)])
    }

    @Test func theWordsCarryTheFigures() {
        #expect("\(BenchLimit.loop(0.93))".contains("93 %"))
        #expect("\(BenchLimit.machine(busy: 0.99, cores: 2))".contains("all 2 cores"))
        #expect("\(BenchLimit.lag(milliseconds: 8.5))".contains("8.50 ms"))
        #expect("\(BenchLimit.late(milliseconds: 12.4))".contains("12 ms"))
    }

    @Test func tooManyConnectionsAreRefusedWithWhatToDo() {
        #expect(throws: BenchError.self) { try OpenFiles.check(20_000, files: 20_000) }
        #expect(throws: Never.self) { try OpenFiles.check(20_000 - OpenFiles.reserve, files: 20_000) }
        do {
            try OpenFiles.check(50_000, files: 20_000)
        } catch {
            #expect("\(error)".contains("several processes of at most 19900"))
            #expect(!"\(error)".contains("\n"))
        }
        #expect(throws: BenchError.self) { try OpenFiles.checkPorts(200_000, sources: 1) }
    }
}
