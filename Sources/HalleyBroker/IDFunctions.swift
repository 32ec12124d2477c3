extension FunctionLibrary {
    /// Ids in Lua: reading, writing, comparing.
    static let idFunctions = """
        -- An id is {milliseconds, counter}, written "<ms>-<n>". Lua's numbers are doubles, exact to 2^53: 15 digits are
        -- safe, and at a thousand ids a microsecond they would still last until the next millisecond.

        -- Looking a global up goes through Redis' guard each time, and at loading there are none: the first call keeps them.
        local find, number, format_text, call, pcall, max

        local function prepare()
            if find then return end
            find, number, format_text, max = string.find, tonumber, string.format, math.max
            call, pcall = redis.call, redis.pcall
        end

        local function parse(text)
            local _, _, ms, n = find(text, '^(%d+)-(%d+)$')
            if not ms or #ms > 15 or #n > 15 then return nil end
            return {number(ms), number(n)}
        end

        -- %d is exact to 2^53 here, and several times faster than %.0f.
        local function format(id) return format_text('%d-%d', id[1], id[2]) end

        local function less(a, b) return a[1] < b[1] or (a[1] == b[1] and a[2] < b[2]) end

        local function newest(a, b) if less(a, b) then return b else return a end end

        local function after(id) return {id[1], id[2] + 1} end
        """
}
