extension Membership {
    /// A subscriber's seats, one a channel. The first takes no memory of its own: most have but one, and a poll takes it
    /// anew with every event.
    package struct Seats: RandomAccessCollection, MutableCollection, ExpressibleByArrayLiteral {
        private var head: Seat?
        private var others: [Seat] = []

        package init() {}

        package init(arrayLiteral seats: Seat...) {
            head = seats.first
            others = Array(seats.dropFirst())
        }

        init(_ seat: Seat) { head = seat }

        package var startIndex: Int { 0 }
        package var endIndex: Int { head == nil ? 0 : others.count + 1 }

        package subscript(index: Int) -> Seat {
            get {
                guard index == 0, let head else { return others[index - 1] }
                return head
            }
            set {
                if index == 0, head != nil { head = newValue } else { others[index - 1] = newValue }
            }
        }

        /// The order of the others stays.
        mutating func remove(at index: Int) -> Seat {
            guard index == 0, let removed = head else { return others.remove(at: index - 1) }
            head = others.isEmpty ? nil : others.removeFirst()
            return removed
        }

        package mutating func append(_ seat: Seat) {
            if head == nil { head = seat } else { others.append(seat) }
        }
    }
}
