extension FunctionLibrary {
    /// Recording and publishing a durable event, in one step.
    static let publishFunctions = """
        -- The options after the payload, checked. An option that isn't known is refused: it may be a newer version's.
        local function options(args)
            local chosen = {history = '1000', ttl = 0, keyttl = '600000'}
            for i = 2, #args, 2 do
                local name, value = string.lower(args[i]), args[i + 1]
                local number = value and #value <= 15 and find(value, '^%d+$') and number(value)
                if name == 'key' then
                    if not value or #value < 1 or #value > 128 then
                        return nil, 'ERR halley: key has 1 to 128 bytes'
                    end
                    chosen.key = value
                elseif name == 'history' or name == 'ttl' or name == 'keyttl' then
                    if not number or number < 1 then return nil, 'ERR halley: ' .. name .. ' is a whole number from 1 on' end
                    chosen[name] = name == 'ttl' and number or value
                else
                    return nil, 'ERR halley: after the payload come history N, ttl MS, key K, keyttl MS'
                end
            end
            return chosen
        end

        -- The id that a log gave last; nothing when there is no log.
        local function last_given(log)
            local info = pcall('XINFO', 'STREAM', log)
            if info.err then
                if string.find(info.err, 'no such key', 1, true) then return nil end
                return nil, info
            end
            for i = 1, #info, 2 do
                if info[i] == 'last-generated-id' then return parse(info[i + 1]) end
            end
        end

        local function publish(keys, args)
            prepare()
            local name, channel = string.match(keys[1] or '', '^([%w_-]+):(.+)$')
            if #keys ~= 1 or not name then return redis.error_reply('ERR halley: the one key is NAME:CHANNEL') end
            if #channel > 255 or string.find(channel, '[^%w%._%-:/@#]') or channel == 'open' or channel == 'error' then
                return redis.error_reply('ERR halley: a channel has 1 to 255 bytes of A-Z a-z 0-9 . _ - : / @ #, and is not open or error')
            end
            local payload = args[1]
            if not payload or #payload > 1048576 then
                return redis.error_reply('ERR halley: a payload has 0 to 1048576 bytes')
            end
            local chosen, complaint = options(args)
            if complaint then return redis.error_reply(complaint) end

            local last_key = name .. '/last/' .. channel
            local known = chosen.key and name .. '/key/' .. #channel .. '/' .. channel .. '/' .. chosen.key
            local self, kept, first = open(name, nil, last_key, known)
            if known and first then return first end

            -- What the channel gave last outlives a log that was deleted by hand, and is cheaper to ask for than the log.
            local log = name .. '/log/' .. channel
            local last, expiry
            if kept then
                local _, _, id, until_ms = find(kept, '^(%d+%-%d+) (%d+)$')
                last, expiry = id and parse(id), number(until_ms)
            end
            if not last then
                local failure
                last, failure = last_given(log)
                if failure then return failure end
            end

            local text, header
            local function record()
                local id = newest(self.now, after(self.clock))
                local link
                if last then
                    id = newest(id, after(last))
                    link = 'p ' .. format(last)
                else
                    link = 'f ' .. format(newest(self.born, {max(0, id[1] - self.retention), 0}))
                end
                self.clock = id
                text = format(id)
                header = '1 ' .. text .. ' ' .. self.era .. ' ' .. link
                return pcall('XADD', log, 'MAXLEN', '=', chosen.history, text, 'h', header, 'd', payload)
            end
            local added = record()
            if type(added) == 'table' and added.err then
                -- The log is ahead of all that is known: somebody wrote to it. It knows best.
                local failure
                last, failure = last_given(log)
                if failure or not last then return failure or added end
                added = record()
                if type(added) == 'table' and added.err then return added end
            end

            -- A longer life that an earlier event was given stays.
            expiry = format_text('%d', max(expiry or 0, self.clock[1] + max(self.retention, chosen.ttl)))
            call('PEXPIREAT', log, expiry)
            call('SET', last_key, text .. ' ' .. expiry, 'PXAT', expiry)
            call('SET', self.key, text)
            call('PUBLISH', name .. '/out/' .. channel, header .. '\\n' .. payload)
            if known then call('SET', known, text, 'PX', chosen.keyttl) end
            return text
        end
        """
}
