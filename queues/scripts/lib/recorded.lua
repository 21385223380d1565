-- recorded: what a script does besides its work while its partition is being recorded (queues/replay). Included by clock; costs nothing else.
--
-- meta rec  until|recording|<notes 0|1><copies 0|1>. It runs out by itself when the recorder died, so B:rec cannot grow without end.
-- B:rec     a stream that the recorder empties:  n script  t time  v ARGV (JSON)   before the script changed anything
--                                                r result (JSON)                    of a call whose answer Redis draws, in the order of the calls
--                                                k key  t time  p time to live  d DUMP   as the key was before the first script after the start touched it
-- B:copied  keys whose first touch is past, while copying
local recorded, copyKey
-- @each
recorded = nil
if meta[6] then
  local till, id, notes, copies = string.match(meta[6], '^(%d+)|([^|]*)|(%d)(%d)$')
  if till and tonumber(till) >= now then recorded = { id = id, notes = notes == '1', copies = copies == '1' } end
end

if recorded then
  local plain = call

  -- Not of the state: the log (its ids are the server's clock), our own keys, what is written without scripts (shelf, worker's hold).
  local LEFT_OUT = { log = true, rec = true, copied = true, worker = true }
  copyKey = function(key)
    local name = string.sub(key, #B + 2)
    if LEFT_OUT[name] or string.sub(name, 1, 3) == 'sh:' or plain('SADD', B .. ':copied', key) == 0 then return end
    local image = plain('DUMP', key)
    if image then plain('XADD', B .. ':rec', '*', 'k', key, 't', string.format('%.0f', now), 'p', plain('PTTL', key), 'd', image) end
  end

  if SCRIPT ~= 'recordPartition' then
    if recorded.notes and string.sub(SCRIPT, 1, 4) ~= 'read' then
      plain('XADD', B .. ':rec', '*', 'n', SCRIPT, 't', string.format('%.0f', now), 'v', cjson.encode(ARGV))
    end
    -- The order in which Redis gives members is its own affair: sorted, it is the same in a replay. What it draws is noted.
    local SORTED = { SMEMBERS = true, HKEYS = true }
    local DRAWN = { SPOP = true, SRANDMEMBER = true, HRANDFIELD = true, ZRANDMEMBER = true, SSCAN = true, HSCAN = true, ZSCAN = true }
    local prefix = B .. ':'
    call = function(command, ...)
      if recorded.copies then
        for _, key in ipairs({ ... }) do
          if type(key) == 'string' and string.sub(key, 1, #prefix) == prefix then copyKey(key) end
        end
      end
      local answer = plain(command, ...)
      if SORTED[command] then
        table.sort(answer)
      elseif command == 'HGETALL' then
        local fields, values = {}, {}
        for k = 1, #answer, 2 do
          fields[#fields + 1] = answer[k]
          values[answer[k]] = answer[k + 1]
        end
        table.sort(fields)
        for k, field in ipairs(fields) do
          answer[2 * k - 1], answer[2 * k] = field, values[field]
        end
      elseif recorded.notes and DRAWN[command] then
        plain('XADD', B .. ':rec', '*', 'r', cjson.encode({ answer }))
      end
      return answer
    end
  end
end
-- @end
