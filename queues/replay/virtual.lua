-- virtual: put before a script in a replay, so that it runs as it did when it was recorded. Redis's own clock and Redis's own draws are taken
-- from it: keys expire by the partition's time (B:exp), members come sorted, and what was drawn is given (B:given), as lib/recorded noted it.
local redis = (function()
  local B, at, plain = KEYS[1], tonumber(ARGV[4]), redis.call
  local EXPIRY, GIVEN = B .. ':exp', B .. ':given'

  if at then
    for _, key in ipairs(plain('ZRANGEBYSCORE', EXPIRY, '-inf', '(' .. ARGV[4])) do
      plain('DEL', key)
      plain('ZREM', EXPIRY, key)
    end
  end

  local function expireAt(key, due, condition)
    if plain('EXISTS', key) == 0 then return 0 end
    local standing = tonumber(plain('ZSCORE', EXPIRY, key) or nil)
    if condition == 'NX' and standing or condition == 'XX' and not standing then return 0 end
    if condition == 'GT' and (not standing or due <= standing) or condition == 'LT' and standing and due >= standing then return 0 end
    plain('ZADD', EXPIRY, due, key)
    return 1
  end

  local function forgetIfGone(key)
    if plain('EXISTS', key) == 0 then plain('ZREM', EXPIRY, key) end
  end

  local function set(key, value, ...)
    local options, kept, due, k = {}, false, nil, 1
    local given = { ... }
    while k <= #given do
      local option = given[k]
      if option == 'PX' or option == 'EX' or option == 'PXAT' or option == 'EXAT' then
        local amount = tonumber(given[k + 1]) * (string.sub(option, 1, 1) == 'E' and 1000 or 1)
        due = #option == 4 and amount or at + amount
        k = k + 1
      elseif option == 'KEEPTTL' then
        kept = true
      else
        options[#options + 1] = option
      end
      k = k + 1
    end
    local answer = plain('SET', key, value, unpack(options))
    if answer and not kept then plain('ZREM', EXPIRY, key) end
    if answer and due then plain('ZADD', EXPIRY, due, key) end
    return answer
  end

  local function left(key)
    if plain('EXISTS', key) == 0 then return -2 end
    local due = plain('ZSCORE', EXPIRY, key)
    return due and tonumber(due) - at or -1
  end

  local function sortPairs(answer)
    local fields, values = {}, {}
    for k = 1, #answer, 2 do
      fields[#fields + 1] = answer[k]
      values[answer[k]] = answer[k + 1]
    end
    table.sort(fields)
    for k, field in ipairs(fields) do
      answer[2 * k - 1], answer[2 * k] = field, values[field]
    end
    return answer
  end

  local function sorted(command)
    return function(...)
      local answer = plain(command, ...)
      table.sort(answer)
      return answer
    end
  end

  local function drawn(command)
    return function(key)
      local noted = plain('LPOP', GIVEN)
      if not noted then error('nothing was recorded for ' .. command .. ' ' .. key) end
      local answer = cjson.decode(noted)[1]
      if command == 'SPOP' and answer then
        for _, member in ipairs(type(answer) == 'table' and answer or { answer }) do plain('SREM', key, member) end
        forgetIfGone(key)
      end
      return answer
    end
  end

  local function shrinking(command)
    return function(key, ...)
      local answer = plain(command, key, ...)
      forgetIfGone(key)
      return answer
    end
  end

  local commands = {
    EXPIRE = function(key, sec, condition) return expireAt(key, at + tonumber(sec) * 1000, condition) end,
    PEXPIRE = function(key, ms, condition) return expireAt(key, at + tonumber(ms), condition) end,
    EXPIREAT = function(key, sec, condition) return expireAt(key, tonumber(sec) * 1000, condition) end,
    PEXPIREAT = function(key, ms, condition) return expireAt(key, tonumber(ms), condition) end,
    PERSIST = function(key) return plain('ZREM', EXPIRY, key) end,
    PTTL = left,
    TTL = function(key)
      local ms = left(key)
      return ms < 0 and ms or math.floor((ms + 500) / 1000)
    end,
    SET = set,
    SETEX = function(key, sec, value) return set(key, value, 'EX', sec) end,
    PSETEX = function(key, ms, value) return set(key, value, 'PX', ms) end,
    RENAME = function(from, to)
      local due = plain('ZSCORE', EXPIRY, from)
      local answer = plain('RENAME', from, to)
      plain('ZREM', EXPIRY, from, to)
      if due then plain('ZADD', EXPIRY, due, to) end
      return answer
    end,
    DEL = function(...)
      plain('ZREM', EXPIRY, ...)
      return plain('DEL', ...)
    end,
    UNLINK = function(...)
      plain('ZREM', EXPIRY, ...)
      return plain('DEL', ...)
    end,
    HGETALL = function(key) return sortPairs(plain('HGETALL', key)) end,
  }
  for _, command in ipairs({ 'SMEMBERS', 'HKEYS' }) do commands[command] = sorted(command) end
  for _, command in ipairs({ 'SPOP', 'SRANDMEMBER', 'HRANDFIELD', 'ZRANDMEMBER', 'SSCAN', 'HSCAN', 'ZSCAN' }) do commands[command] = drawn(command) end
  for _, command in ipairs({ 'HDEL', 'SREM', 'ZREM', 'LPOP', 'RPOP', 'LTRIM', 'LREM', 'ZPOPMIN', 'ZPOPMAX', 'ZREMRANGEBYSCORE', 'ZREMRANGEBYRANK', 'ZREMRANGEBYLEX' }) do
    commands[command] = shrinking(command)
  end
  -- Their expiry is not followed here: better no replay than a wrong one.
  for _, command in ipairs({ 'GETEX', 'GETDEL', 'COPY', 'RESTORE', 'RENAMENX', 'ZUNIONSTORE', 'ZINTERSTORE', 'ZDIFFSTORE', 'ZRANGESTORE', 'SUNIONSTORE', 'SINTERSTORE', 'SDIFFSTORE', 'SMOVE' }) do
    commands[command] = function() error('a replay cannot follow ' .. command) end
  end

  local function run(command, ...)
    local own = commands[command]
    if own then return own(...) end
    return plain(command, ...)
  end
  return { call = run, pcall = run, sha1hex = redis.sha1hex, error_reply = redis.error_reply, status_reply = redis.status_reply, log = redis.log }
end)()
