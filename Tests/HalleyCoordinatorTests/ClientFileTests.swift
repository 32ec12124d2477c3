import HalleyBrowser
import Testing

/// The browser's client as the public listener serves it.
struct ClientFileTests {
    @Test(arguments: [
        ("/halley.js", "text/javascript; charset=utf-8", "export{"),
        ("/halley.classic.js", "text/javascript; charset=utf-8", "globalThis.Halley="),
        ("/halley.d.ts", "application/typescript; charset=utf-8", "export class Halley {"),
    ])
    func `any page may load it`(path: String, type: String, part: String) async throws {
        try await withCoordinator(isOpen: false) { coordinator in
            let answer = try await coordinator.request("GET", path, ["Origin": "https://any.example"])
            #expect(answer.status == 200)
            #expect(answer.fields["content-type"] == type)
            #expect(answer.fields["access-control-allow-origin"] == "*")
            #expect(answer.fields["cross-origin-resource-policy"] == "cross-origin")
            #expect(answer.fields["x-content-type-options"] == "nosniff")
            #expect(answer.fields["cache-control"] == "public, no-cache")
            #expect(answer.body.contains(part))
            let head = try await coordinator.request("HEAD", path)
            #expect(head.fields["content-length"] == answer.fields["content-length"])
            #expect(head.body.isEmpty)
        }
    }

    @Test func `a cache that has it isn't sent it again`() async throws {
        try await withCoordinator { coordinator in
            let tag = try #require(try await coordinator.request("GET", "/halley.js").fields["etag"])
            #expect(tag == ClientFile.module.entityTag)
            for known in [tag, "W/\(tag)", "\"other\", \(tag)", "*"] {
                let answer = try await coordinator.request("GET", "/halley.js", ["If-None-Match": known])
                #expect(answer.status == 304)
                #expect(answer.body.isEmpty)
                #expect(answer.fields["etag"] == tag)
                #expect(answer.fields["cache-control"] == "public, no-cache")
            }
            let other = ClientFile.script.entityTag
            #expect(try await coordinator.request("GET", "/halley.js", ["If-None-Match": other]).status == 200)
        }
    }

    @Test func `each has a tag of its own, and scripts are ASCII`() {
        #expect(Set(ClientFile.allCases.map(\.entityTag)).count == ClientFile.allCases.count)
        #expect(ClientFile.module.bytes.allSatisfy { $0 < 0x80 })
        #expect(ClientFile.script.bytes.allSatisfy { $0 < 0x80 })
    }
}
