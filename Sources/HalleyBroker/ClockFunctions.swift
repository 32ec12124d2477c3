extension FunctionLibrary {
    /// The clock: ticks, fresh ids, marks, and T.
    static let clockFunctions = """
        -- Opens the life for calls whose one key is NAME/clock; W is the argument at that place.
        local function open_clock(keys, args, place)
            prepare()
            local name = #keys == 1 and match(keys[1], '^(.+)/clock$')
            if not name then return nil, redis.error_reply('ERR halley: the one key is NAME/clock') end
            local seen_ms, seen_n
            if place and args[place] then
                seen_ms, seen_n = parse(args[place])
                if not seen_ms then return nil, redis.error_reply('ERR halley: W is an id, as in 1795359771922-57') end
            end
            return open(name, seen_ms, seen_n)
        end

        -- A tick that seems to be of the future counts as old: when the server's time is set back, ticks must not stop
        -- until it has caught up. A new era is told at once.
        local function tick(keys, args)
            local life, ms, reborn = open_clock(keys, args, 1)
            if not life then return ms end
            local tick_key = life.name .. '/tick'
            local last, id = match(call('GET', tick_key) or '', '^(%d+) (%d+%-%d+)$')
            local age = last and ms - number(last)
            if age and age >= 0 and age <= 900 and not reborn then return {id, life.era, ms, 0} end
            id = give(life, ms)
            call('SET', tick_key, format_text('%d %s', ms, id))
            call('PUBLISH', tick_key, id .. ' ' .. life.era)
            return {id, life.era, ms, 1}
        end

        local function next(keys, args)
            local life, ms = open_clock(keys, args, 1)
            if not life then return ms end
            return {(give(life, ms)), life.era}
        end

        -- A fence on one worker's link: what comes before it is older than the clock it carries, what comes after is newer.
        -- The first after a restart ends the jump: a worker's memory must not seem to reach back to before it.
        local function mark(keys, args)
            local life, ms = open_clock(keys, args, 2)
            if not life then return ms end
            local below = life.name .. '/mark/'
            if sub(args[1] or '', 1, #below) ~= below then
                return redis.error_reply('ERR halley: a mark goes to a channel below NAME/mark/')
            end
            if life.jump then give(life, ms) end
            call('PUBLISH', args[1], life.text .. ' ' .. life.era)
            return {life.text, life.era}
        end

        -- Sets T. Logs that were written under a shorter one may be gone sooner, so it is noted since when it holds. It takes
        -- an id, for no process shall hold what it remembers of T for true.
        local function retain(keys, args)
            prepare()
            local milliseconds = #args == 1 and #args[1] <= 15 and find(args[1], '^%d+$') and number(args[1])
            if not milliseconds or milliseconds < 1 then
                return redis.error_reply('ERR halley: T is a whole number of milliseconds from 1 on')
            end
            local life, ms = open_clock(keys, args)
            if not life then return ms end
            local key = life.name .. '/retention'
            local stored = call('GET', key)
            if not stored or milliseconds ~= life.retention then
                local text = format_text('%d %d %d', milliseconds, ms, vouched(life, ms))
                call('SET', key, text)
                read_retention(life, text)
                give(life, ms)
            end
            return vouched(life, ms)
        end
        """
}
