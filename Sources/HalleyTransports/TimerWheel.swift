/// Who is visited once in every revolution of a ``TimerWheel``.
package protocol WheelRider: AnyObject {
    /// The wheel's own note: where the rider sits.
    var wheelSeat: WheelSeat { get set }
}

/// A rider's place: a slot, and an index in it.
package struct WheelSeat {
    fileprivate var slot: UInt32 = 0
    fileprivate var index: UInt32 = .max

    package init() {}

    fileprivate init(slot: UInt32, index: UInt32) {
        self.slot = slot
        self.index = index
    }
}

/// One timer for all connections: each sits in one of the wheel's slots, and a slot is visited at a time. A visit compares
/// a few numbers, so that 20,000 connections cost less than a timer each, and their heartbeats never come in one burst.
package struct TimerWheel<Rider: WheelRider> {
    private var slots: [[Rider]]
    private var hand = 0
    private var nextSlot = 0

    package private(set) var count = 0

    package init(slots: Int) { self.slots = Array(repeating: [], count: slots) }

    /// Seats a rider, in turn around the wheel.
    package mutating func add(_ rider: Rider) {
        rider.wheelSeat = WheelSeat(slot: UInt32(nextSlot), index: UInt32(slots[nextSlot].count))
        slots[nextSlot].append(rider)
        nextSlot = (nextSlot + 1) % slots.count
        count += 1
    }

    /// Constant time: the slot's last rider takes the seat.
    package mutating func remove(_ rider: Rider) {
        let seat = rider.wheelSeat
        guard seat.index != .max else { return }
        let last = slots[Int(seat.slot)].removeLast()
        if last !== rider {
            slots[Int(seat.slot)][Int(seat.index)] = last
            last.wheelSeat = seat
        }
        rider.wheelSeat.index = .max
        count -= 1
    }

    /// Turns by one slot.
    ///
    /// - Returns: the riders to visit. A copy: a visit may end in ``remove(_:)``.
    package mutating func turn() -> [Rider] {
        hand = (hand + 1) % slots.count
        return slots[hand]
    }
}
