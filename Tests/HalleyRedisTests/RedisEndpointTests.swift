import HalleyRedis
import Testing

@Suite struct RedisEndpointTests {
    @Test(arguments: [
        ("redis://localhost", "localhost", 6379, 0),
        ("redis://10.0.0.7:6380", "10.0.0.7", 6380, 0),
        ("redis://redis.internal:6379/", "redis.internal", 6379, 0),
        ("redis://redis/15", "redis", 6379, 15),
        ("redis://[::1]:7000/2", "::1", 7000, 2),
        ("redis://[fe80::1]", "fe80::1", 6379, 0),
    ])
    func readsHostPortAndDatabase(url: String, host: String, port: Int, database: Int) throws {
        let endpoint = try RedisEndpoint(url)
        #expect(endpoint == RedisEndpoint(address: .tcp(host: host, port: port), database: database))
    }

    @Test(arguments: [
        ("redis://:secret@host", nil, "secret"),
        ("redis://worker:secret@host:1/3", "worker", "secret"),
        ("redis://work%65r:p%40ss%3A%2F%25word@host", "worker", "p@ss:/%word"),
        ("redis://user:a:b@host", "user", "a:b"),
        ("redis://user:p@ss@host", "user", "p@ss"),
        ("unix://user:secret@/run/redis.sock", "user", "secret"),
    ])
    func readsCredentials(url: String, user: String?, password: String) throws {
        #expect(try RedisEndpoint(url).credentials == .init(user: user, password: password))
    }

    @Test func readsUnixSockets() throws {
        #expect(try RedisEndpoint("unix:///run/redis.sock") == RedisEndpoint(address: .unix(path: "/run/redis.sock")))
        #expect(
            try RedisEndpoint("unix:///tmp/a%20b.sock?db=4")
                == RedisEndpoint(address: .unix(path: "/tmp/a b.sock"), database: 4))
    }

    @Test(arguments: [
        ("", RedisEndpointError.scheme), ("localhost:6379", .scheme), ("http://host", .scheme), ("REDIS://h", .scheme),
        ("rediss://host", .encryption),
        ("redis://", .host), ("redis://:6379", .host), ("redis://[::1", .host), ("redis://[::1]x", .host),
        ("redis://a b", .host), ("redis://a\r\nb", .host), ("redis:///2", .host),
        ("redis://h:", .port), ("redis://h:0", .port), ("redis://h:65536", .port), ("redis://h:+1", .port),
        ("redis://h:1:2", .port), ("redis://::1", .host),
        ("redis://secret@h", .credentials), ("redis://user:@h", .credentials), ("redis://u:%zz@h", .credentials),
        ("redis://u:%4@h", .credentials), ("redis://u:%ff@h", .credentials),
        ("redis://h/x", .database), ("redis://h/-1", .database), ("redis://h/1/2", .database),
        ("redis://h?db=1", .database), ("redis://h/99999999999", .database),
        ("unix://", .path), ("unix://run/redis.sock", .path), ("unix:///", .path), ("unix:///a%00b", .path),
        ("unix:///a?db=", .database), ("unix:///a?db=x", .database), ("unix:///a?database=1", .database),
    ])
    func refuses(url: String, error: RedisEndpointError) {
        #expect(throws: error) { try RedisEndpoint(url) }
    }

    @Test func neverShowsAPassword() throws {
        for url in ["redis://user:hunter2@host:1/2", "unix://:hunter2@/a?db=2"] {
            let endpoint = try RedisEndpoint(url)
            #expect(!"\(endpoint)".contains("hunter2"))
        }
        #expect("\(try RedisEndpoint("redis://user:hunter2@[::1]"))" == "redis://user@[::1]:6379/0")
    }
}
