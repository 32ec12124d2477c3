extension FunctionLibrary {
    /// The clock, eras, ticks and marks.
    static let clockFunctions = """
        -- Six characters that no earlier life of the data has had. Redis seeds math.random alike at every call, so they
        -- are drawn from the server's run, the microsecond and the clock.
        local function make_era(clock)
            local letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
            local time = call('TIME')
            local info = pcall('INFO', 'server')
            local run = type(info) == 'string' and string.match(info, 'run_id:(%x+)') or ''
            local digest = redis.sha1hex(table.concat({run, time[1], time[2], format(clock)}, ' '))
            local era = ''
            for i = 1, 6 do
                local draw = number(string.sub(digest, 6 * i - 5, 6 * i), 16) % #letters + 1
                era = era .. string.sub(letters, draw, draw)
            end
            return era
        end

        -- The clock as a call finds it, told what the caller has seen. Begins a new era where data was lost.
        -- Further keys that the caller wants are read along with it.
        local function open(prefix, seen, third, fourth)
            local time = call('TIME')
            local ms = number(time[1]) * 1000 + math.floor(number(time[2]) / 1000)
            local self = {key = prefix .. '/clock', tick_key = prefix .. '/tick', ms = ms, now = {ms, 0}, reborn = false}
            local own = prefix .. '/retention'
            local kept = call('MGET', self.key, prefix .. '/born', own, third or own, fourth or own)
            self.clock = parse(kept[1] or '') or {0, 0}
            self.retention = number(kept[3] or '') or 3600000
            local born, era = string.match(kept[2] or '', '^(%d+%-%d+) (%w%w%w%w%w%w)$')
            born = born and parse(born)
            if seen and less(self.clock, seen) then
                self.clock = after(newest(self.now, seen))
                self.reborn = true
            elseif not born or less(self.clock, born) then
                self.clock = newest(self.now, after(self.clock))
                self.reborn = true
            end
            if self.reborn then
                born, era = self.clock, make_era(self.clock)
                call('SET', self.key, format(self.clock))
                call('SET', prefix .. '/born', format(self.clock) .. ' ' .. era)
            end
            self.born, self.era = born, era
            return self, kept[4], kept[5]
        end

        -- The same for calls whose one key is NAME/clock; W is the argument at that place.
        local function open_clock(keys, args, place)
            prepare()
            local prefix = #keys == 1 and string.match(keys[1], '^(.+)/clock$')
            if not prefix then return nil, redis.error_reply('ERR halley: the one key is NAME/clock') end
            local seen
            if args[place] then
                seen = parse(args[place])
                if not seen then return nil, redis.error_reply('ERR halley: W is an id, as in 1795359771922-57') end
            end
            return (open(prefix, seen))
        end

        local function next_id(self)
            self.clock = newest(self.now, after(self.clock))
            call('SET', self.key, format(self.clock))
            return format(self.clock)
        end

        -- A tick that seems to be of the future counts as old: when the server's time is set back, ticks must not stop
        -- until it has caught up. A new era is told at once.
        local function tick(keys, args)
            local self, complaint = open_clock(keys, args, 1)
            if complaint then return complaint end
            local last, id = string.match(call('GET', self.tick_key) or '', '^(%d+) (%d+%-%d+)$')
            local age = last and self.ms - number(last)
            if age and age >= 0 and age <= 900 and not self.reborn then return {id, self.era, self.ms, 0} end
            id = next_id(self)
            call('SET', self.tick_key, format_text('%d %s', self.ms, id))
            call('PUBLISH', self.tick_key, id .. ' ' .. self.era)
            return {id, self.era, self.ms, 1}
        end

        local function next(keys, args)
            local self, complaint = open_clock(keys, args, 1)
            if complaint then return complaint end
            return {next_id(self), self.era}
        end

        -- A fence on one worker's link: what comes before it is older than the clock it carries, what comes after is newer.
        local function mark(keys, args)
            local self, complaint = open_clock(keys, args, 2)
            if complaint then return complaint end
            local prefix = string.match(keys[1], '^(.+)/clock$')
            if string.sub(args[1] or '', 1, #prefix + 6) ~= prefix .. '/mark/' then
                return redis.error_reply('ERR halley: a mark goes to a channel below NAME/mark/')
            end
            local id = format(self.clock)
            call('PUBLISH', args[1], id .. ' ' .. self.era)
            return {id, self.era}
        end
        """
}
