/// The functions that Halley keeps in Redis (https://redis.io/docs/latest/develop/programmability/functions-intro/).
///
/// They exist because ids, eras and ticks are decisions on shared data: Redis takes them one at a time, by its own clock.
/// | call | returns |
/// | --- | --- |
/// | `FCALL halley_version 0` | the library's version |
/// | `FCALL halley_tick 1 NAME/clock [W]` | `[id of the last tick, era, now in ms, 1 if it was published by this call else 0]` |
/// | `FCALL halley_next 1 NAME/clock [W]` | `[a fresh id, era]` |
///
/// W is the newest id that the caller has ever seen. When it is ahead of the clock, Redis has lost data.
package enum FunctionLibrary {
    /// Goes up with every change of ``source``: a process loads its library over an older one, never over a newer one.
    package static let version: Int64 = 1

    /// The name by which Redis knows the library.
    package static let name = "halley"

    /// The library as Redis loads it.
    package static let source = """
        #!lua name=\(name)
        local version = \(version)

        -- An id is {milliseconds, counter}, written "<ms>-<n>". Lua's numbers are doubles, exact to 2^53: 15 digits are
        -- safe, and at a thousand ids a microsecond they would still last until the next millisecond.

        local function parse(text)
            local ms, n = string.match(text, '^(%d+)-(%d+)$')
            if not ms or #ms > 15 or #n > 15 then return nil end
            return {tonumber(ms), tonumber(n)}
        end

        local function format(id) return string.format('%.0f-%.0f', id[1], id[2]) end

        local function less(a, b) return a[1] < b[1] or (a[1] == b[1] and a[2] < b[2]) end

        local function newest(a, b) if less(a, b) then return b else return a end end

        local function after(id) return {id[1], id[2] + 1} end

        -- Six characters that no earlier life of the data has had. Redis seeds math.random alike at every call, so they
        -- are drawn from the server's run, the microsecond and the clock.
        local function make_era(clock)
            local letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
            local time = redis.call('TIME')
            local info = redis.pcall('INFO', 'server')
            local run = type(info) == 'string' and string.match(info, 'run_id:(%x+)') or ''
            local digest = redis.sha1hex(table.concat({run, time[1], time[2], format(clock)}, ' '))
            local era = ''
            for i = 1, 6 do
                local draw = tonumber(string.sub(digest, 6 * i - 5, 6 * i), 16) % #letters + 1
                era = era .. string.sub(letters, draw, draw)
            end
            return era
        end

        -- The clock as a call finds it, told what the caller has seen. Begins a new era where data was lost.
        local function open(keys, args)
            local prefix = #keys == 1 and string.match(keys[1], '^(.+)/clock$')
            if not prefix then return nil, redis.error_reply('ERR halley: the one key is NAME/clock') end
            local seen
            if args[1] then
                seen = parse(args[1])
                if not seen then return nil, redis.error_reply('ERR halley: W is an id, as in 1795359771922-57') end
            end
            local time = redis.call('TIME')
            local ms = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
            local self = {key = keys[1], tick_key = prefix .. '/tick', ms = ms, now = {ms, 0}, reborn = false}
            self.clock = parse(redis.call('GET', self.key) or '') or {0, 0}
            local born, era = string.match(redis.call('GET', prefix .. '/born') or '', '^(%d+%-%d+) (%w%w%w%w%w%w)$')
            born = born and parse(born)
            if seen and less(self.clock, seen) then
                self.clock = after(newest(self.now, seen))
                self.reborn = true
            elseif not born or less(self.clock, born) then
                self.clock = newest(self.now, after(self.clock))
                self.reborn = true
            end
            if self.reborn then
                era = make_era(self.clock)
                redis.call('SET', self.key, format(self.clock))
                redis.call('SET', prefix .. '/born', format(self.clock) .. ' ' .. era)
            end
            self.era = era
            return self
        end

        local function next_id(self)
            self.clock = newest(self.now, after(self.clock))
            redis.call('SET', self.key, format(self.clock))
            return format(self.clock)
        end

        -- A tick that seems to be of the future counts as old: when the server's time is set back, ticks must not stop
        -- until it has caught up. A new era is told at once.
        local function tick(keys, args)
            local self, complaint = open(keys, args)
            if complaint then return complaint end
            local last, id = string.match(redis.call('GET', self.tick_key) or '', '^(%d+) (%d+%-%d+)$')
            local age = last and self.ms - tonumber(last)
            if age and age >= 0 and age <= 900 and not self.reborn then return {id, self.era, self.ms, 0} end
            id = next_id(self)
            redis.call('SET', self.tick_key, string.format('%.0f %s', self.ms, id))
            redis.call('PUBLISH', self.tick_key, id .. ' ' .. self.era)
            return {id, self.era, self.ms, 1}
        end

        local function next(keys, args)
            local self, complaint = open(keys, args)
            if complaint then return complaint end
            return {next_id(self), self.era}
        end

        redis.register_function{
            function_name = 'halley_version', flags = {'no-writes', 'allow-stale'},
            callback = function() return version end
        }
        -- Both write three small keys and no more, so a Redis that is full must go on ticking: allow-oom.
        redis.register_function{function_name = 'halley_tick', flags = {'allow-oom'}, callback = tick}
        redis.register_function{function_name = 'halley_next', flags = {'allow-oom'}, callback = next}
        """
}
