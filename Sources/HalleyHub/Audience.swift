/// The live subscribers of a topic. The first takes no memory of its own: where each channel has one subscriber, as with a
/// channel for each user, that is one place less that every event has to fetch.
package struct Audience: RandomAccessCollection, MutableCollection {
    private var head: (any Subscriber)?
    private var others: [any Subscriber] = []

    package init() {}

    package var startIndex: Int { 0 }
    package var endIndex: Int { head == nil ? 0 : others.count + 1 }

    package subscript(index: Int) -> any Subscriber {
        get {
            guard index == 0, let head else { return others[index - 1] }
            return head
        }
        set {
            if index == 0, head != nil { head = newValue } else { others[index - 1] = newValue }
        }
    }

    mutating func append(_ subscriber: any Subscriber) {
        if head == nil { head = subscriber } else { others.append(subscriber) }
    }

    /// There must be one.
    mutating func removeLast() -> any Subscriber {
        if let last = others.popLast() { return last }
        guard let last = head else { preconditionFailure("nobody is live") }
        head = nil
        return last
    }
}
