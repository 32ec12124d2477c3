import HalleyCore
import HalleyRouter
import Testing

struct RouterStateTests {
    @Test func `the map is found by its file's name among all pattern lists`() {
        let answer = """
            # id (file) description
            1 (/etc/halley/shards.map) pattern loaded from file '/etc/halley/shards.map' used by map at file 'haproxy.cfg' \
            line 34. curr_ver=0 next_ver=0 entry_cnt=0
            """
        #expect(RouterState.mapNumber(inList: answer) == 1)
        #expect(RouterState.mapNumber(inList: "0 (shards.map) pattern loaded from file 'shards.map'") == 0)
        #expect(RouterState.mapNumber(inList: "0 (/etc/other-shards.map) x\n2 (/shards.map/x) y") == nil)
        #expect(RouterState.mapNumber(inList: "") == nil)
    }

    @Test func `entries are read from the map`() {
        let answer = """
            0x7f8f64078700 s3 w2
            0x7f8f640787e0 s4 worker-1
            0x7f8f640788e0 generation 5-1
            """
        let entries = RouterState.entries(inMap: answer)
        #expect(entries == ["s3": "w2", "s4": "worker-1", "generation": "5-1"])
        #expect(RouterState(mapNumber: 0, entries: entries).generation == EventID("5-1"))
        #expect(RouterState.entries(inMap: "").isEmpty)
        #expect(RouterState.entries(inMap: "Unknown map identifier.").isEmpty)
    }

    @Test func `a generation that is none reads as none`() {
        #expect(RouterState(mapNumber: 0, entries: ["generation": "soon"]).generation == nil)
    }

    @Test func `servers are read by the names of the columns`() throws {
        let servers = try #require(RouterState.servers(inStates: states))
        #expect(servers.count == 4)
        let well = RouterState.Server(
            number: 573_066, endpoint: ServerEndpoint(ip: "127.0.0.1", port: 19011), isDown: false,
            secondsSinceChange: 20, isInMaintenance: false, isDraining: false, isChecked: true)
        #expect(servers[try worker(1)] == well)
        #expect(servers[try worker(2)]?.isDown == true)
        #expect(servers[try worker(3)]?.isDraining == true)
        let out = try #require(servers[try worker(4)])
        #expect(out.isInMaintenance && !out.isChecked)
        #expect(out.endpoint == ServerEndpoint(ip: "::1", port: 19014))
    }

    @Test(arguments: ["", "Can't find backend.", "2\n# a b c", "1\n# srv_name srv_addr"])
    func `an answer of another shape is no state`(answer: String) {
        #expect(RouterState.servers(inStates: answer) == nil)
    }

    private let states = """
        1
        # be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight \
        srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state \
        bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr \
        srv_agent_addr srv_agent_port
        3 workers 573066 worker-1 127.0.0.1 2 0 1 1 20 15 3 2 6 0 0 0 - 19011 - 0 0 - - 0
        3 workers 2 worker-2 127.0.0.1 0 0 1 1 0 8 2 0 6 0 0 0 - 19012 - 0 0 - - 0
        3 workers 3 worker-3 127.0.0.1 2 8 1 1 20 15 3 2 6 0 0 0 - 19013 - 0 0 - - 0
        3 workers 4 worker-4 ::1 0 1 1 1 1 1 0 0 0 0 0 0 - 19014 - 0 0 - - 0
        """
}
