extension FunctionLibrary {
    /// Reading a log, a page at a time.
    static let readFunctions = """
        -- A page of a log, and all that judging a position on it takes, of one moment.
        local function read(keys, args)
            prepare()
            local name, channel = match(#keys == 1 and keys[1] or '', '^([%w_-]+)/log/(.+)$')
            local from_ms, from_n = parse(args[1] or '')
            local most, bytes = number(args[2] or ''), number(args[3] or '')
            if not name or not from_ms or not most or not bytes then
                return redis.error_reply('ERR halley: expected NAME/log/CHANNEL, and AFTER ENTRIES BYTES')
            end
            local life, ms = open(name)
            local record, failure = look(life, name .. ':' .. channel, channel, ms)
            if failure then return failure end
            local entries, size, more = {}, 0, 0
            local start = format(from_ms, from_n + 1)
            -- A few at a time: a reply of large payloads must not be held twice.
            while record.last do
                local few = call('XRANGE', keys[1], start, '+', 'COUNT', '16')
                for _, entry in ipairs(few) do
                    if #entries >= most or size >= bytes then
                        more = 1
                        break
                    end
                    local header, payload = '', ''
                    for i = 1, #entry[2], 2 do
                        if entry[2][i] == 'h' then header = entry[2][i + 1] end
                        if entry[2][i] == 'd' then payload = entry[2][i + 1] end
                    end
                    entries[#entries + 1] = {entry[1], header, payload}
                    size = size + #payload
                end
                if more == 1 or #few < 16 then break end
                local last_ms, last_n = parse(few[#few][1])
                start = format(last_ms, last_n + 1)
            end
            return {
                ms, life.text, format(life.born_ms, life.born_n), life.era, vouched(life, ms),
                record.last or record.unknown or '', more, entries, life.jumps, life.kept
            }
        end
        """
}
