-- reconcilePartition: one chunk of comparing what is counted with what is there.
-- ARGV 5 agents|queues 6 cursor ('' at first: the last one looked at)
-- Answers: ok, next cursor ('' at the end), repairs (text each)
-- @include base
-- @include agents
-- @include lifecycle
-- @include presence
local repairs = {}
local function repaired(what) repairs[#repairs + 1] = what end

-- Sockets and devices of nodes that nobody knows any more.
local function isNodeKnown(name, nodeEpoch)
  local standing = call('HGET', B .. ':nodes', name)
  if standing and string.sub(standing, 1, #nodeEpoch + 1) == nodeEpoch .. '|' then return true end
  return call('HEXISTS', B .. ':nodes', name .. '~' .. nodeEpoch) == 1
end

local function checkInteraction(i, q, states, set)
  local h = fields(i, 'st', 'pres')
  if not h[1] or not states[h[1]] then
    call('ZREM', B .. set .. q, i)
    repaired('index ' .. set .. ' ' .. i)
    return
  end
  local held = call('HGETALL', B .. ':ic:' .. i)
  for k = 1, #held, 2 do
    local bar = string.find(held[k + 1], '|', 1, true)
    if not isNodeKnown(string.sub(held[k + 1], 1, bar - 1), string.sub(held[k + 1], bar + 1)) then
      dropConnection(i, held[k])
      repaired('connection ' .. i)
    end
  end
  if h[2] == 'connected' and #held == 0 and h[1] ~= 'ended' then
    clientLeft(i)
    repaired('presence ' .. i)
  end
end

local function checkQueue(q)
  -- A different part of a long queue each time: the start is drawn.
  local size = call('ZCARD', B .. ':w:' .. q)
  local from = size > 50 and (now % (size - 49)) or 0
  for _, i in ipairs(call('ZRANGE', B .. ':w:' .. q, from, from + 49)) do checkInteraction(i, q, { waiting = true }, ':w:') end
  size = call('ZCARD', B .. ':qo:' .. q)
  from = size > 50 and (now % (size - 49)) or 0
  for _, i in ipairs(call('ZRANGE', B .. ':qo:' .. q, from, from + 49)) do
    checkInteraction(i, q, { offered = true, served = true, ended = true }, ':qo:')
  end
end

-- The queues for which the agent counts as ready, in the order in which it is signed in to them.
local function readyFor(a)
  local queues = {}
  for _, q in ipairs(call('SMEMBERS', B .. ':as:' .. a)) do
    if call('ZSCORE', B .. ':r:' .. q, a) then queues[#queues + 1] = q end
  end
  return table.concat(queues, ' ')
end

local function checkAgent(a)
  local queues, load = {}, 0
  local function count(q)
    load = load + 1
    queues[q] = (queues[q] or 0) + 1
  end
  for _, i in ipairs(call('HKEYS', B .. ':ao:' .. a)) do
    local h = fields(i, 'st', 'oa', 'q')
    if h[1] == 'offered' and h[2] == a then
      count(h[3])
    else
      call('HDEL', B .. ':ao:' .. a, i)
      repaired('offer ' .. a .. ' ' .. i)
    end
  end
  for _, i in ipairs(call('ZRANGE', B .. ':ai:' .. a, 0, 99)) do
    local h = fields(i, 'st', 'own', 'q')
    if h[2] == a and (h[1] == 'served' or h[1] == 'ended') then
      count(h[3])
    else
      call('ZREM', B .. ':ai:' .. a, i)
      repaired('ownership ' .. a .. ' ' .. i)
    end
  end
  local wrapUps = call('HGETALL', B .. ':aw:' .. a)
  for k = 1, #wrapUps, 2 do
    local bar = string.find(wrapUps[k + 1], '|', 1, true)
    count(string.sub(wrapUps[k + 1], bar + 1))
    if not call('ZSCORE', B .. ':due:knock', 'wrapup|' .. wrapUps[k] .. '|' .. a) then
      setDeadline('wrapup', wrapUps[k], a, number(string.sub(wrapUps[k + 1], 1, bar - 1)))
      repaired('wrap-up ' .. a .. ' ' .. wrapUps[k])
    end
  end
  if number(call('HGET', B .. ':a:' .. a, 'load')) ~= load then
    call('HSET', B .. ':a:' .. a, 'load', load)
    call('DEL', B .. ':al:' .. a)
    for q, n in pairs(queues) do call('HSET', B .. ':al:' .. a, q, n) end
    repaired('load ' .. a)
    freeAgent(a)
  end
  local wasReady = readyFor(a)
  refreshReady(a)
  if readyFor(a) ~= wasReady then
    matchAgent(a)
    repaired('ready ' .. a)
  end
  local devices = call('HGETALL', B .. ':ad:' .. a)
  for k = 1, #devices, 2 do
    local connection, name, nodeEpoch = string.match(devices[k + 1], '^([^|]*)|([^|]*)|([^|]*)|')
    if connection and connection ~= '' and not isNodeKnown(name, nodeEpoch) then
      dropDevice(a, devices[k], connection)
      repaired('device ' .. a)
    end
  end
end

-- Not SSCAN: of a small set it gives everything at once.
local members = call('ZRANGEBYLEX', B .. ':' .. ARGV[5], ARGV[6] == '' and '-' or '(' .. ARGV[6], '+', 'LIMIT', 0, 2)
for _, member in ipairs(members) do
  if ARGV[5] == 'agents' then checkAgent(member) else checkQueue(member) end
end
return { 'ok', members[2] or '', repairs, knocks }
