extension FunctionLibrary {
    /// Ids in Lua: reading, writing, comparing.
    static let idFunctions = """
        -- An id is two numbers, milliseconds and counter, written "<ms>-<n>". Lua's numbers are doubles, exact to 2^53: 15
        -- digits are safe, and at a thousand ids a microsecond they would still last until the next millisecond. They are
        -- passed side by side, never in a table: tables are what Lua is slow at.

        -- Looking a global up goes through Redis' guard each time, and at loading there are none: the first call keeps them.
        local find, match, gmatch, gsub, sub, lower, number, format_text, call, pcall, max, min

        local function prepare()
            if find then return end
            find, match, gmatch, gsub, sub, lower = string.find, string.match, string.gmatch, string.gsub, string.sub, string.lower
            number, format_text, max, min = tonumber, string.format, math.max, math.min
            call, pcall = redis.call, redis.pcall
        end

        local function parse(text)
            local _, _, ms, n = find(text, '^(%d+)-(%d+)$')
            if not ms or #ms > 15 or #n > 15 then return nil end
            return number(ms), number(n)
        end

        -- %d is exact to 2^53 here, and several times faster than %.0f.
        local function format(ms, n) return format_text('%d-%d', ms, n) end

        local function less(a_ms, a_n, b_ms, b_n) return a_ms < b_ms or (a_ms == b_ms and a_n < b_n) end

        local function newest(a_ms, a_n, b_ms, b_n)
            if less(a_ms, a_n, b_ms, b_n) then return b_ms, b_n end
            return a_ms, a_n
        end

        -- Redis' time in milliseconds.
        local function now()
            local time = call('TIME')
            return time[1] * 1000 + (time[2] - time[2] % 1000) / 1000
        end
        """
}
