extension FunctionLibrary {
    /// Reading a log, a page at a time.
    static let readFunctions = """
        -- A page of a log, and all that judging a position on it takes, of one moment.
        local function read(keys, args)
            prepare()
            local prefix = #keys == 1 and string.match(keys[1], '^([%w_-]+)/log/.+$')
            local from, most, bytes = parse(args[1] or ''), number(args[2] or ''), number(args[3] or '')
            if not prefix or not from or not most or not bytes then
                return redis.error_reply('ERR halley: expected NAME/log/CHANNEL, and AFTER ENTRIES BYTES')
            end
            local channel = string.sub(keys[1], #prefix + 6)
            local self, kept = open(prefix, nil, prefix .. '/last/' .. channel)
            local present, failure = last_given(keys[1])
            if failure then return failure end
            local last = present or (kept and parse(string.match(kept, '^%S+') or ''))
            if present and kept then last = newest(present, parse(string.match(kept, '^%S+') or '') or present) end
            local entries, size, more = {}, 0, 0
            local start = format(after(from))
            -- A few at a time: a reply of large payloads must not be held twice.
            while present do
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
                start = format(after(parse(few[#few][1])))
            end
            return {
                self.ms, format(self.clock), format(self.born), self.era, self.retention, last and format(last) or '', more,
                entries
            }
        end
        """
}
