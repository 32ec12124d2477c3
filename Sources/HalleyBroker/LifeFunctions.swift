extension FunctionLibrary {
    /// What the server's process remembers of each cluster's clock, and how it notices that Redis' data isn't what it left.
    static let lifeFunctions = """
        -- A life is what this process knows of the cluster NAME: its clock as text and numbers, born, era, T, jumps. It lives
        -- in this process' memory, beside the data, and so tells what happened to the data:
        -- - The stored clock is what the life says: no call of ours has been made anywhere else since, and what else was read
        --   then still stands. (born and T can be written by hand; every call but halley_publish reads them anew, and ticks
        --   do that once a second.)
        -- - The stored clock is older, or there is none: the data was lost under the running server (FLUSHALL, the key
        --   deleted, a replica that was given other data). The first call notices, before anybody can have been given a
        --   second id or been told that he missed nothing: a new era, above all that was given.
        -- - The stored clock is newer: the process was a replica meanwhile, or somebody set it. The life is forgotten.
        -- - There is no life: the server has restarted, or the library was loaded anew. (An upgrade loses nothing, and pays
        --   with a jump that no id lies in.) A life is per NAME, for one Redis may hold several clusters.
        -- With no life, the data may be older than what was given before. Then the clock jumps, to the time when the first id is
        -- asked for: an id strictly inside the jump was given by a lineage that is lost. (The jump's own end, and the id before it,
        -- are given to nobody: the next id of the lost lineage lies inside, and a gap can be told up to the end.) Jumps stay in
        -- Redis, for those who return late, until the era ends.

        -- At most so many clusters are remembered: 64, more than anybody runs on one Redis. Then all are forgotten.
        local lives, lives_count = {}, 0

        -- At most so many jumps are kept, the newest: 16. Who was away for more restarts than that and lost data in the first
        -- isn't told.
        local most_jumps = 16

        -- Six characters that no earlier life of the data has had. Redis seeds math.random alike at every call, so they
        -- are drawn from the server's run, the microsecond and the clock.
        local function make_era(clock)
            local letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
            local time = call('TIME')
            local info = pcall('INFO', 'server')
            local run = type(info) == 'string' and match(info, 'run_id:(%x+)') or ''
            local digest = redis.sha1hex(table.concat({run, time[1], time[2], clock}, ' '))
            local era = ''
            for i = 1, 6 do
                local draw = number(sub(digest, 6 * i - 5, 6 * i), 16) % #letters + 1
                era = era .. sub(letters, draw, draw)
            end
            return era
        end

        local function is_inside(jumps, ms, n)
            for from, to in gmatch(jumps, '(%S+) (%S+)') do
                local from_ms, from_n = parse(from)
                local to_ms, to_n = parse(to)
                if from_ms and to_ms and less(from_ms, from_n, ms, n) and less(ms, n, to_ms, to_n) then return true end
            end
            return false
        end

        -- T, since when, and what counted before: "T since before", or T alone.
        local function read_retention(life, text)
            local retention, since, before = match(text or '', '^(%d+) (%d+) (%d+)$')
            life.retention = number(retention or text or '') or 3600000
            life.since, life.before = number(since or ''), number(before or '')
        end

        -- For how long every log has really been kept: when T was raised, it takes as long until that's true of the new T.
        local function vouched(life, ms)
            local retention = life.retention
            if not life.since then return retention end
            return max(min(life.before, retention), min(retention, ms - life.since))
        end

        -- The life as a call finds it, told what the caller has seen. Begins a new era where data was lost. `stored` is the
        -- clock's text (false: none) when the caller has already written over it.
        -- Returns the life, Redis' time, and whether an era began.
        local function open(name, seen_ms, seen_n, stored)
            local ms = now()
            local kept = call('MGET', name .. '/clock', name .. '/born', name .. '/retention', name .. '/jumps', name .. '/kept')
            if stored == nil then stored = kept[1] end
            local clock_ms, clock_n = parse(stored or '')
            if not clock_ms then clock_ms, clock_n = 0, 0 end
            local born, era = match(kept[2] or '', '^(%d+%-%d+) (%w%w%w%w%w%w)$')
            local born_ms, born_n = parse(born or '')

            local life = lives[name]
            local top_ms, top_n = clock_ms, clock_n
            local lost = false
            if life and life.text ~= stored then
                lost = less(clock_ms, clock_n, life.ms, life.n)
                top_ms, top_n = newest(top_ms, top_n, life.ms, life.n)
                life.usable = false
                life = nil
            end
            if not life then
                if not lives[name] then
                    if lives_count >= 64 then
                        for _, other in pairs(lives) do other.usable = false end
                        lives, lives_count = {}, 0
                    end
                    lives_count = lives_count + 1
                end
                life = {key = name .. '/clock', name = name, jump = stored or nil}
                lives[name] = life
            end
            life.text, life.ms, life.n, life.jumps, life.kept = stored, clock_ms, clock_n, kept[4] or '', kept[5] or ''
            read_retention(life, kept[3])

            local reborn = lost or not born_ms or less(clock_ms, clock_n, born_ms, born_n)
            local rewound = false
            if seen_ms and (less(clock_ms, clock_n, seen_ms, seen_n) or is_inside(life.jumps, seen_ms, seen_n)) then
                -- On an empty Redis nobody has been told anything; and what this process remembers it noticed in time.
                rewound = born_ms and (not lost or less(top_ms, top_n, seen_ms, seen_n))
                reborn = true
                top_ms, top_n = newest(top_ms, top_n, seen_ms, seen_n)
            end
            if reborn then
                born_ms, born_n = newest(ms, 0, top_ms, top_n)
                born_n = born_n + 1
                local text = format(born_ms, born_n)
                era = make_era(text)
                call('SET', life.key, text)
                call('SET', name .. '/born', text .. ' ' .. era)
                if life.jumps ~= '' then call('DEL', name .. '/jumps') end
                if rewound then
                    -- Others may have resumed on the older data since the first jump, and been told that they missed nothing.
                    life.kept = match(life.jumps, '^%S+') or life.jump or stored or born
                    call('SET', name .. '/kept', life.kept)
                    call('PUBLISH', name .. '/tick', text .. ' ' .. era .. ' rewound')
                elseif life.kept ~= '' then
                    life.kept = ''
                    call('DEL', name .. '/kept')
                end
                life.text, life.ms, life.n, life.jumps, life.jump = text, born_ms, born_n, '', nil
            end
            life.born_ms, life.born_n, life.era = born_ms, born_n, era
            life.usable = life.jump == nil
            return life, ms, reborn
        end

        -- The next id, after the clock and after another one if given. It ends a jump, just before itself.
        local function give(life, ms, past_ms, past_n)
            local n = 0
            if past_ms then past_ms, past_n = newest(life.ms, life.n, past_ms, past_n) else past_ms, past_n = life.ms, life.n end
            if not less(past_ms, past_n, ms, n) then ms, n = past_ms, past_n + 1 end
            if life.jump then
                n = n + 1
                local pair = life.jump .. ' ' .. format(ms, n)
                local jumps = life.jumps == '' and pair or life.jumps .. ' ' .. pair
                local _, pairs_count = gsub(jumps, '%S+ %S+', '')
                if pairs_count > most_jumps then jumps = match(jumps, '^%S+ %S+ (.*)$') end
                call('SET', life.name .. '/jumps', jumps)
                life.jumps, life.jump, life.usable = jumps, nil, true
                n = n + 1
            end
            local text = format(ms, n)
            call('SET', life.key, text)
            life.text, life.ms, life.n = text, ms, n
            return text, ms, n
        end
        """
}
