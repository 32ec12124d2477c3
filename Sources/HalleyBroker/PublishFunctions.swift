extension FunctionLibrary {
    /// Recording and publishing a durable event, in one step.
    static let publishFunctions = """
        -- The options after the payload, checked: history, ttl, key, keyttl; or a complaint fifth. An option that isn't known is
        -- refused: it may be a newer version's.
        local function options(args)
            local history, ttl, key, keyttl = '1000', 0, nil, '600000'
            for i = 2, #args, 2 do
                local option, value = lower(args[i]), args[i + 1]
                local amount = value and #value <= 15 and find(value, '^%d+$') and number(value)
                if option == 'key' then
                    if not value or #value < 1 or #value > 128 then
                        return nil, nil, nil, nil, 'ERR halley: key has 1 to 128 bytes'
                    end
                    key = value
                elseif option == 'history' or option == 'ttl' or option == 'keyttl' then
                    if not amount or amount < 1 then
                        return nil, nil, nil, nil, 'ERR halley: ' .. option .. ' is a whole number from 1 on'
                    end
                    if option == 'history' then history = value elseif option == 'ttl' then ttl = amount else keyttl = value end
                else
                    return nil, nil, nil, nil, 'ERR halley: after the payload come history N, ttl MS, key K, keyttl MS'
                end
            end
            return history, ttl, key, keyttl
        end

        -- What the event says of the time before it.
        local function link_back(life, record, id_ms, ms)
            if record.last then return ' p ' .. record.last end
            if record.unknown then return ' f ' .. record.unknown end
            return ' f ' .. format(newest(life.born_ms, life.born_n, max(0, id_ms - vouched(life, ms)), 0))
        end

        local function publish(keys, args)
            prepare()
            local key, payload = keys[1], args[1]
            if #keys ~= 1 then return redis.error_reply('ERR halley: the one key is NAME:CHANNEL') end
            local record = recall(key)
            if not record then
                local name, channel = match(key, '^([%w_-]+):(.+)$')
                if not name then return redis.error_reply('ERR halley: the one key is NAME:CHANNEL') end
                if #channel > 255 or find(channel, '[^%w%._%-:/@#]') or channel == 'open' or channel == 'error' then
                    return redis.error_reply('ERR halley: a channel has 1 to 255 bytes of A-Z a-z 0-9 . _ - : / @ #, and is not open or error')
                end
            end
            if not payload or #payload > 1048576 then
                return redis.error_reply('ERR halley: a payload has 0 to 1048576 bytes')
            end
            local history, ttl, once, keyttl = '1000', 0, nil, nil
            if #args > 1 then
                local complaint
                history, ttl, once, keyttl, complaint = options(args)
                if complaint then return redis.error_reply(complaint) end
                if once then
                    local name, channel = match(key, '^([%w_-]+):(.+)$')
                    once = name .. '/key/' .. #channel .. '/' .. channel .. '/' .. once
                    local first = call('GET', once)
                    if first then return first end
                end
            end

            -- From memory, if it is as it was left: then what SET finds is what this process wrote last.
            local ms, text, id_ms, id_n, stored = now(), nil, nil, nil, nil
            local life = record and ms < record.expiry and record.life
            local is_known = false
            if life and life.usable then
                id_ms, id_n = ms, 0
                if life.ms >= ms then id_ms, id_n = life.ms, life.n + 1 end
                text = format_text('%d-%d', id_ms, id_n)
                stored = call('SET', life.key, text, 'GET')
                is_known = stored == life.text
                if is_known then life.text, life.ms, life.n = text, id_ms, id_n end
            end
            if not is_known then
                local name, channel = match(key, '^([%w_-]+):(.+)$')
                life, ms = open(name, nil, nil, stored)
                local failure
                record, failure = look(life, key, channel, ms)
                if failure then return failure end
                text, id_ms, id_n = give(life, ms, record.ms, record.n)
            end

            local header = '1 ' .. text .. ' ' .. life.era .. link_back(life, record, id_ms, ms)
            local added = false
            if record.last then
                added = pcall('XADD', record.log, 'NOMKSTREAM', 'MAXLEN', '=', history, text, 'h', header, 'd', payload)
            end
            if not added then
                record.expiry = 0
                added = pcall('XADD', record.log, 'MAXLEN', '=', history, text, 'h', header, 'd', payload)
            end
            if added ~= text then
                -- The log is ahead of all that is known: somebody wrote to it. It knows best.
                local last_ms, last_n, failure = last_given(record.log)
                if not last_ms or less(last_ms, last_n, id_ms, id_n) then return failure or added end
                record.ms, record.n, record.last = last_ms, last_n, format(last_ms, last_n)
                text, id_ms, id_n = give(life, ms, last_ms, last_n)
                header = '1 ' .. text .. ' ' .. life.era .. link_back(life, record, id_ms, ms)
                added = pcall('XADD', record.log, 'MAXLEN', '=', history, text, 'h', header, 'd', payload)
                if added ~= text then return added end
            end
            -- At once: should what follows fail, the next event still links to this one.
            record.ms, record.n, record.last = id_ms, id_n, text

            -- A longer life that an earlier event was given stays. Lengthened with some slack, so that it needn't be each time.
            local least = id_ms + (ttl > life.retention and ttl or life.retention)
            if record.expiry < least then
                local expiry = least + math.floor(life.retention / 64)
                record.expiry = expiry
                local expiry_text, name = format_text('%d', expiry), life.name
                call('PEXPIREAT', record.log, expiry_text)
                call('SET', name .. '/last/' .. sub(key, #name + 2), '1', 'PXAT', expiry_text)
                remember(key, record)
            end
            call('PUBLISH', record.out, header .. '\\n' .. payload)
            if once then call('SET', once, text, 'PX', keyttl) end
            return text
        end
        """
}
