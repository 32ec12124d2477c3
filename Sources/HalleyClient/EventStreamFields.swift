/// What the lines of an event stream add up to (WHATWG HTML, section 9.2.6).
package struct EventStreamFields {
    /// `event:`; empty where there was none.
    package private(set) var name: [UInt8] = []
    /// `data:`, lines joined by LF.
    package private(set) var data: [UInt8] = []
    /// Whether there was a `data:`: without one nothing is dispatched.
    package private(set) var isEvent = false
    /// The last `id:`, which stays for all that follows; `nil` until there was one.
    package private(set) var id: [UInt8]?
    /// The last `retry:`, in milliseconds.
    package private(set) var retry: Int?
    private var isOver = false

    package init() {}

    /// - Returns: whether the line was the empty one that ends an event. Its fields stand until the next line is taken.
    package mutating func take(_ line: UnsafeRawBufferPointer) -> Bool {
        if isOver {
            name.removeAll(keepingCapacity: true)
            data.removeAll(keepingCapacity: true)
            isEvent = false
            isOver = false
        }
        guard let first = line.first else {
            isOver = true
            return true
        }
        guard first != UInt8(ascii: ":") else { return false }
        let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
        var value = line[colon...].dropFirst()
        if value.first == 0x20 { value = value.dropFirst() }
        set(line[..<colon], value)
        return false
    }

    private mutating func set(_ field: Slice<UnsafeRawBufferPointer>, _ value: Slice<UnsafeRawBufferPointer>) {
        if field.elementsEqual("data".utf8) {
            if isEvent { data.append(0x0A) }
            data.append(contentsOf: value)
            isEvent = true
        } else if field.elementsEqual("id".utf8) {
            if !value.contains(0) { id = Array(value) }
        } else if field.elementsEqual("event".utf8) {
            name.removeAll(keepingCapacity: true)
            name.append(contentsOf: value)
        } else if field.elementsEqual("retry".utf8), !value.isEmpty, value.count <= 9,
            value.allSatisfy({ (0x30...0x39).contains($0) })
        {
            retry = Int(String(decoding: value, as: UTF8.self))
        }
    }
}
