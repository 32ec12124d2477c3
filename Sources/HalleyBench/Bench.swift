import HalleyBroker
import HalleyCore
import HalleyRedis
import Histogram
import Logging
import NIOCore
import NIOPosix

import struct HalleyCore.Channel

/// Measures a cluster from outside: sessions, connections, events, and what became of them.
package struct Bench: Sendable {
    /// One line on where the run stands, for people who watch.
    package typealias Progress = @Sendable (String) -> Void

    let settings: BenchSettings
    let logger: Logger
    let interruption: Interruption
    let progress: Progress
    /// Names the run: its channels are its own, so that several may run at once.
    let run = SessionID.random().description.filter { $0.isLetter || $0.isNumber }.prefix(6).description

    /// - Parameter interruption: ends the run early when it is set.
    package init(
        _ settings: BenchSettings, logger: Logger, interruption: Interruption, progress: @escaping Progress
    ) {
        self.settings = settings
        self.logger = logger
        self.interruption = interruption
        self.progress = progress
    }

    /// - Throws: ``BenchError`` when there is nothing to measure.
    package func measure() async throws -> BenchReport {
        let files = OpenFiles.raise()
        if files.now > files.before { progress("raised the limit on open files from \(files.before) to \(files.now)") }
        try OpenFiles.check(settings.connections, files: files.now)
        try OpenFiles.checkPorts(settings.connections, sources: settings.sources.count)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: settings.threads + 1)
        let threads = NIOThreadPool(numberOfThreads: 2)
        threads.start()
        do {
            let loops = Array(group.makeIterator())
            let run = try await BenchRun(
                self, crowdLoops: Array(loops.dropFirst()), publisherLoop: loops[0], threads: threads)
            var report = BenchReport(
                run: self.run, settings: BenchReport.Settings(settings, openFiles: files.now))
            do {
                try await run.play(into: &report)
            } catch {
                await run.end()
                throw error
            }
            await run.end()
            try await threads.shutdownGracefully()
            try await group.shutdownGracefully()
            return report
        } catch {
            try await threads.shutdownGracefully()
            try await group.shutdownGracefully()
            throw error
        }
    }
}
