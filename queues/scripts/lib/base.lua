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
local nodeId, chance, knocks, isClockKept, work
-- What fits into one script, so that none is long: an event and what goes with it counts one, sixteen agents or interactions looked at likewise.
local ENOUGH = 12
-- @each
nodeId, chance, work = ARGV[1], ARGV[3], 0
-- Knocks to be sent by the caller: till when, in how many ms; flat, '0' for at once. They stand last in every 'ok' answer. Among them stand the offers of
-- calls that were made: 'offer', { interaction, agent, token, due, account, agent's name, bindings, other phones } (lifecycle).
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
    if meta[5] then call('HSET', B .. ':meta', 'now', nowText, 'ahead', ahead) else call('HSET', B .. ':meta', 'now', nowText) end
  end
end

-- Text that people wrote, as JSON. Our own ids and words are put between quotes as they are.
local function quoted(text) return text == '' and '""' or cjson.encode(text) end

local function appendTo(feed, most, off, kind, json)
  call('XADD', B .. ':f:' .. feed, 'MAXLEN', '~', most, off .. '-0', 't', kind, 'at', nowText, 'd', json)
  return ' ' .. feed .. '@' .. off
end

-- Appends one event to the feeds concerned and to the log.
--   body  a table, or a JSON object as text: where it is hot, or lists may be empty (cjson writes those as objects)
--   to.i  interaction: its conversation feed (stored; the event gets its offset there as off)
--   to.a  agent: its feed (stored); several as a list in to.agents
--   to.q  queue: its overview (a counter; nothing is stored); '' for what is in none
--   to.figures  whether that queue's figures changed, or a list of queues whose figures did
--   to.row  agent whose list shows the interaction and is told of its new row (state, nothing stored)
--   to.shown the interaction's row as text, for the log alone: who shows the event need not read
-- @return its offset in the conversation
local function emit(kind, account, body, to)
  keepClock()
  work = work + 1
  local json, feeds, off = type(body) == 'string' and body or cjson.encode(body), '', nil
  if to.i then
    off = addTo(rowOf(to.i), 'off', 1)
    json = string.sub(json, 1, -2) .. ',"off":' .. off .. '}'
    feeds = appendTo('conversation:' .. to.i, '5000', off, kind, json)
  end
  if to.a then
    feeds = feeds .. appendTo('agent:' .. to.a, '300', addTo(agentRow(to.a), 'off', 1), kind, json)
  elseif to.agents then
    for _, a in ipairs(to.agents) do feeds = feeds .. appendTo('agent:' .. a, '300', addTo(agentRow(a), 'off', 1), kind, json) end
  end
  if to.row and to.row ~= '' then feeds = feeds .. ' agent:' .. to.row .. '@0' end
  if to.q and to.q ~= '' then
    feeds = feeds .. ' queue:' .. to.q .. '@' .. call('HINCRBY', B .. ':ql:' .. to.q, 'off', '1')
    if to.figures == true then feeds = feeds .. ' figures:' .. to.q .. '@0' end
  end
  if to.figures and to.figures ~= true then
    for _, q in ipairs(to.figures) do feeds = feeds .. ' figures:' .. q .. '@0' end
  end
  if to.shown then
    call('XADD', B .. ':log', '*', 'v', '1', 't', kind, 'at', nowText, 'acc', account, 'f', string.sub(feeds, 2), 'd', json, 'r', to.shown)
  else
    call('XADD', B .. ':log', '*', 'v', '1', 't', kind, 'at', nowText, 'acc', account, 'f', string.sub(feeds, 2), 'd', json)
  end
  return off
end

-- What is closed leaves Redis by itself: its feed, which a late event may have opened again, with it.
local function expireFeed(i) call('PEXPIRE', B .. ':f:conversation:' .. i, math.max(call('PTTL', B .. ':i:' .. i), 1)) end

-- Remembers that a command was carried out; a repeated id gets the first result. @return the first result, or nil
local function firstResult(command)
  return command ~= '' and call('GET', B .. ':x:' .. command)
end
local function keepResult(command, result)
  if command ~= '' then call('SET', B .. ':x:' .. command, result, 'PX', '3600000') end
end

-- One knock is for all deadlines of a slot of time: who sets the first of them asks for it.
local SLOT_MS = 100
local function askKnock(dueMs)
  local till = math.ceil(dueMs / SLOT_MS) * SLOT_MS
  local n = #knocks
  if dueMs <= now then
    if knocks[n] ~= '0' then knocks[n + 1], knocks[n + 2] = '0', '0' end
  elseif call('ZCOUNT', B .. ':due:knock', '(' .. (till - SLOT_MS), till .. '') == 1 then
    knocks[n + 1], knocks[n + 2] = till .. '', (till - now) .. ''
  end
end

-- A deadline under a token: when it fires with another token than the one that stands, nothing happens.
-- Offers are swept (due:offer), everything else is knocked (due:knock) and swept only when a knock was lost.
local function setDeadline(kind, id, token, dueMs)
  local due = dueMs .. ''
  if kind == 'offer' then
    call('ZADD', B .. ':due:offer', due, 'offer|' .. id .. '|' .. token)
  else
    call('ZADD', B .. ':due:knock', due, kind .. '|' .. id .. '|' .. token)
    askKnock(number(due))
  end
end
local function clearDeadline(kind, id, token)
  call('ZREM', B .. (kind == 'offer' and ':due:offer' or ':due:knock'), kind .. '|' .. id .. '|' .. token)
end
