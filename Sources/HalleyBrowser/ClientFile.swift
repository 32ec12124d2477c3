/// The browser's client as pages load it: built by `cluster/client` from the JavaScript beside this, and a part of the
/// executable.
public enum ClientFile: String, Sendable, CaseIterable {
    /// An ES module: `import { Halley } from "https://push.example.com/halley.js"`.
    case module = "halley.js"
    /// For pages without modules: a script that makes `Halley` a global.
    case script = "halley.classic.js"
    /// What TypeScript knows of both.
    case types = "halley.d.ts"

    /// UTF-8; the scripts are ASCII, so that a page's own encoding doesn't matter.
    public var bytes: [UInt8] {
        switch self {
        case .module: PackageResources.halley_js
        case .script: PackageResources.halley_classic_js
        case .types: PackageResources.halley_d_ts
        }
    }

    /// The media type (RFC 9239; TypeScript has none that is registered).
    public var contentType: String {
        switch self {
        case .module, .script: "text/javascript; charset=utf-8"
        case .types: "application/typescript; charset=utf-8"
        }
    }

    /// A strong validator (RFC 9110, section 8.8.3): a cache that has the same bytes needn't be sent them again.
    public var entityTag: String {
        switch self {
        case .module: Self.moduleTag
        case .script: Self.scriptTag
        case .types: Self.typesTag
        }
    }

    private static let moduleTag = tag(of: PackageResources.halley_js)
    private static let scriptTag = tag(of: PackageResources.halley_classic_js)
    private static let typesTag = tag(of: PackageResources.halley_d_ts)

    /// FNV-1a of 64 bits and the length: nobody chooses these bytes against it.
    private static func tag(of bytes: [UInt8]) -> String {
        let hash = bytes.reduce(0xcbf2_9ce4_8422_2325) { (hash: UInt64, byte) in
            (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        return "\"\(String(hash, radix: 16))-\(String(bytes.count, radix: 16))\""
    }
}
