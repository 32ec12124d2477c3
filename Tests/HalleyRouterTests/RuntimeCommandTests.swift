import HalleyCore
import HalleyRouter
import Testing

struct RuntimeCommandTests {
    @Test func `commands are written as HAProxy reads them`() throws {
        let one = try worker(1)
        #expect(
            RuntimeCommand.addServer(one, ServerEndpoint(ip: "::1", port: 9001), number: 7).text.hasPrefix(
                "add server workers/worker-1 [::1]:9001 id 7 check inter 500ms "))
        #expect(
            RuntimeCommand.setAddress(one, ServerEndpoint(ip: "::1", port: 9001)).text
                == "set server workers/worker-1 addr ::1 port 9001\n")
        #expect(RuntimeCommand.setState(one, .maintenance).text == "set server workers/worker-1 state maint\n")
        #expect(RuntimeCommand.shutdownSessions(one).text == "shutdown sessions server workers/worker-1\n")
        let entries = [MapEntry(key: "generation", value: "1-0"), MapEntry(key: "s0", value: "worker-1")]
        #expect(
            RuntimeCommand.addEntries(number: 3, version: 9, entries).text
                == "add map @9 #3 <<\ngeneration 1-0\ns0 worker-1\n\n")
        #expect(RuntimeCommand.addEntries(number: 3, version: 9, entries).description == "add map @9 #3 <<")
    }

    @Test func `success is told from failure by HAProxy's words`() throws {
        let one = try worker(1)
        let add = RuntimeCommand.addServer(one, endpoint(1), number: 1)
        #expect(add.isSuccess("New server registered."))
        #expect(!add.isSuccess("Already exists a server with the same name in backend."))
        #expect(!add.isSuccess(""))
        #expect(RuntimeCommand.setState(one, .ready).isSuccess(""))
        #expect(!RuntimeCommand.setState(one, .ready).isSuccess("No such server."))
        #expect(RuntimeCommand.shutdownSessions(one).isSuccess(""))
        #expect(!RuntimeCommand.shutdownSessions(one).isSuccess("No such server."))
        #expect(RuntimeCommand.deleteServer(one).isSuccess("Server deleted."))
        #expect(
            !RuntimeCommand.deleteServer(one).isSuccess(
                "Server still has connections attached to it, cannot remove it."))
        #expect(!RuntimeCommand.commitMap(number: 0, version: 77).isSuccess("Version number out of range."))
        #expect(
            RuntimeCommand.setAddress(one, endpoint(1)).isSuccess(
                "no need to change the addr, port changed from '1' to '2' by 'stats socket command'"))
    }
}
