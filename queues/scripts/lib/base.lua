-- base: keys, fence and events, upon the clock. Every script includes it first.
--
-- KEYS[1]  prefix of the partition, e.g. c:{p12}; every other key is made from it and so shares its slot.
-- ARGV[1]  node id        ARGV[2]  node epoch
-- ARGV[3]  chance: random text of the caller, the only source of randomness
-- ARGV[4]  explicit time (clock)
--
-- Answers begin with 'ok' or a code of src/base/errors.ts. A node whose lease lapsed gets 'fenced' and changes nothing.
-- @include clock
-- @include rows
local nodeId, chance, knocks, isClockKept
-- @each
nodeId, chance = ARGV[1], ARGV[3]
-- Knocks to be scheduled by the caller: kind, id, token, due, in how many ms; flat. They stand last in every 'ok' answer.
knocks, isClockKept = {}, false
if not meta[2] then
  meta[2] = chance
  call('HSET', B .. ':meta', 'epoch', chance)
end
do
  local lease = call('HGET', B .. ':nodes', nodeId)
  if not lease then return { 'fenced', 'unknown' } end
  local bar = string.find(lease, '|', 1, true)
  if string.sub(lease, 1, bar - 1) ~= ARGV[2] or tonumber(string.sub(lease, bar + 1)) < now then return { 'fenced', 'lapsed' } end
end
-- @end

local function keepClock()
  if not isClockKept then
    isClockKept = true
    call('HSET', B .. ':meta', 'now', now)
    if meta[5] then call('HSET', B .. ':meta', 'ahead', ahead) end
  end
end

-- Appends one event to the feeds concerned and to the log.
--   body  a table, or JSON text where lists may be empty (cjson writes those as objects)
--   to.i  interaction: its conversation feed (stored; body.off is its offset there)
--   to.a  agent: its feed (stored); several as a list in to.agents
--   to.q  queue: its overview (a counter; nothing is stored)
--   to.figures  whether that queue's figures changed, or a list of queues whose figures did
--   to.row  agent whose list shows the interaction and is told of its new row (state, nothing stored)
local function emit(kind, account, body, to)
  keepClock()
  local feeds = {}
  if to.i then body.off = addTo(B .. ':i:' .. to.i, 'off', 1) end
  local json = type(body) == 'string' and body or cjson.encode(body)
  if to.i then
    call('XADD', B .. ':f:conversation:' .. to.i, 'MAXLEN', '~', '5000', body.off .. '-0', 't', kind, 'at', now, 'd', json)
    feeds[#feeds + 1] = 'conversation:' .. to.i .. '@' .. body.off
  end
  for _, agent in ipairs(to.agents or { to.a }) do
    local off = addTo(B .. ':a:' .. agent, 'off', 1)
    call('XADD', B .. ':f:agent:' .. agent, 'MAXLEN', '~', '300', off .. '-0', 't', kind, 'at', now, 'd', json)
    feeds[#feeds + 1] = 'agent:' .. agent .. '@' .. off
  end
  if to.row and to.row ~= '' then feeds[#feeds + 1] = 'agent:' .. to.row .. '@0' end
  if to.q then feeds[#feeds + 1] = 'queue:' .. to.q .. '@' .. addTo(B .. ':ql:' .. to.q, 'off', 1) end
  if to.figures == true then
    feeds[#feeds + 1] = 'figures:' .. to.q .. '@0'
  else
    for _, q in ipairs(to.figures or {}) do feeds[#feeds + 1] = 'figures:' .. q .. '@0' end
  end
  call('XADD', B .. ':log', '*', 'v', '1', 't', kind, 'at', now, 'acc', account, 'f', table.concat(feeds, ' '), 'd', json)
  return body.off
end

-- Remembers that a command was carried out; a repeated id gets the first result. @return the first result, or nil
local function firstResult(command)
  return command ~= '' and call('GET', B .. ':x:' .. command)
end
local function keepResult(command, result)
  if command ~= '' then call('SET', B .. ':x:' .. command, result, 'PX', 3600000) end
end

-- A deadline under a token: when it fires with another token than the one that stands, nothing happens.
-- Offers are swept (due:offer), everything else is knocked (due:knock) and swept only when a knock was lost.
local function setDeadline(kind, id, token, dueMs)
  if kind == 'offer' then
    call('ZADD', B .. ':due:offer', dueMs, 'offer|' .. id .. '|' .. token)
  else
    call('ZADD', B .. ':due:knock', dueMs, kind .. '|' .. id .. '|' .. token)
    local n = #knocks
    knocks[n + 1], knocks[n + 2], knocks[n + 3], knocks[n + 4], knocks[n + 5] = kind, id, token, tostring(dueMs), tostring(dueMs - now)
  end
end
local function clearDeadline(kind, id, token)
  call('ZREM', B .. (kind == 'offer' and ':due:offer' or ':due:knock'), kind .. '|' .. id .. '|' .. token)
end
