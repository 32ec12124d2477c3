/// The functions that Halley keeps in Redis (https://redis.io/docs/latest/develop/programmability/functions-intro/).
///
/// They exist because ids, eras, ticks and logs are decisions on shared data: Redis takes them one at a time, by its own
/// clock.
/// | call | returns |
/// | --- | --- |
/// | `FCALL halley_version 0` | the library's version |
/// | `FCALL halley_tick 1 NAME/clock [W]` | `[id of the last tick, era, now in ms, 1 if it was published by this call else 0]` |
/// | `FCALL halley_next 1 NAME/clock [W]` | `[a fresh id, era]` |
/// | `FCALL halley_mark 1 NAME/clock CHANNEL [W]` | `[the clock, era]`, which it publishes on CHANNEL, below `NAME/mark/` |
/// | `FCALL halley_retain 1 NAME/clock MS` | sets T; for how long, in ms, all logs have been kept so far |
/// | `FCALL halley_publish 1 NAME:CHANNEL PAYLOAD [history N] [ttl MS] [key K] [keyttl MS]` | the event's id |
/// | `FCALL halley_read 1 NAME/log/CHANNEL AFTER ENTRIES BYTES` | a page of the log, see ``LogPage`` |
///
/// W is the newest id that the caller has ever seen. When it is ahead of the clock, or lies where the clock jumped as the
/// server woke with older data, Redis has lost data: a new era begins, and `<id> <era> rewound` is published on `NAME/tick`
/// before anything else of it.
package enum FunctionLibrary {
    /// Goes up with every change of ``source``: a process loads its library over an older one, never over a newer one.
    package static let version: Int64 = 2

    /// The name by which Redis knows the library.
    package static let name = "halley"

    /// The library as Redis loads it.
    package static let source = """
        #!lua name=\(name)
        local version = \(version)

        \(idFunctions)
        \(lifeFunctions)
        \(clockFunctions)
        \(channelFunctions)
        \(publishFunctions)
        \(readFunctions)
        redis.register_function{
            function_name = 'halley_version', flags = {'no-writes', 'allow-stale'},
            callback = function() return version end
        }
        -- These write three small keys and no more, so a Redis that is full must go on ticking: allow-oom.
        redis.register_function{function_name = 'halley_tick', flags = {'allow-oom'}, callback = tick}
        redis.register_function{function_name = 'halley_next', flags = {'allow-oom'}, callback = next}
        redis.register_function{function_name = 'halley_mark', flags = {'allow-oom'}, callback = mark}
        redis.register_function{function_name = 'halley_retain', flags = {'allow-oom'}, callback = retain}
        redis.register_function{function_name = 'halley_read', flags = {'allow-oom'}, callback = read}
        redis.register_function{function_name = 'halley_publish', callback = publish}
        """
}
