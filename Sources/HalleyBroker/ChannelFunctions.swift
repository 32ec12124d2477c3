extension FunctionLibrary {
    /// What the server's process remembers of each channel's log.
    static let channelFunctions = """
        -- A record is what this process knows of one channel's log: the keys' names, its last id, when it expires. With it a
        -- publish asks Redis for nothing but the clock. It is right as long as
        -- - its life is usable, so that the stored clock is what this process wrote: no other process has published on the
        --   data since, it wasn't flushed, replaced, or of another cluster, and the server didn't restart (see above);
        -- - the time is before the expiry, which is the log's own: Redis can't have let it expire.
        -- Past that it is looked up again. What people do to a log by hand shows: a log that was deleted refuses NOMKSTREAM, and
        -- the record still has the last id it gave, so that exactly those are told a gap who missed something. A log that
        -- somebody wrote to refuses an id that isn't above its last.
        --
        -- When there is no record, NAME/last/CHANNEL says that there should be a log: it expires in the same millisecond, and is
        -- written when the log's life is lengthened, not each time. With it and without the log, nobody knows what was
        -- given but the clock.

        -- Records are kept in two generations of so many: 8,192, which is 5 MB for names of usual length, and twice that when
        -- both are full. Who isn't used for a generation is forgotten, and costs one look when it comes again.
        local generation = 8192
        local young, old, filled = {}, {}, 0

        local function remember(key, record)
            if filled >= generation then old, young, filled = young, {}, 0 end
            if not young[key] then filled = filled + 1 end
            young[key] = record
        end

        local function recall(key)
            local record = young[key]
            if record then return record end
            record = old[key]
            if record then remember(key, record) end
            return record
        end

        -- The id that a log gave last; nothing when there is no log, a failure third.
        local function last_given(log)
            local info = pcall('XINFO', 'STREAM', log)
            if info.err then
                if find(info.err, 'no such key', 1, true) then return nil end
                return nil, nil, info
            end
            for i = 1, #info, 2 do
                if info[i] == 'last-generated-id' then return parse(info[i + 1]) end
            end
        end

        -- Looks a channel's log up. A record has `last` when there is a log or was until somebody deleted it; else
        -- `unknown` is up to where nobody knows what was given, if that's so. It is remembered when it has `last`.
        local function look(life, key, channel, ms)
            local record = recall(key)
            local log = life.name .. '/log/' .. channel
            local last_ms, last_n, failure = last_given(log)
            if failure then return nil, failure end
            if record and record.life == life and ms < record.expiry then
                if not last_ms then return record end
                last_ms, last_n = newest(last_ms, last_n, record.ms, record.n)
            end
            record = {life = life, log = log, out = life.name .. '/out/' .. channel, expiry = 0}
            if last_ms then
                record.ms, record.n, record.last = last_ms, last_n, format(last_ms, last_n)
                record.expiry = max(0, call('PEXPIRETIME', log))
                remember(key, record)
            elseif call('EXISTS', life.name .. '/last/' .. channel) == 1 then
                record.unknown = life.text
            end
            return record
        end
        """
}
