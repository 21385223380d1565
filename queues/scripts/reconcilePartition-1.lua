-- reconcilePartition: one chunk of comparing what is counted with what is there.
-- ARGV 5 agents|queues 6 cursor ('' at first)
-- Answers: ok, next cursor ('' at the end), repairs (text each)
-- @include routing
-- @include presence
-- @include bindings
local repairs = {}
local function repaired(what) repairs[#repairs + 1] = what end

-- Sockets and devices of nodes that nobody knows any more.
local function isNodeKnown(name, nodeEpoch)
  local standing = call('HGET', B .. ':nodes', name)
  if standing and string.sub(standing, 1, #nodeEpoch + 1) == nodeEpoch .. '|' then return true end
  return call('HEXISTS', B .. ':nodes', name .. '~' .. nodeEpoch) == 1
end

-- Wherever it stands in the index of needs.
local function removeFromBuckets(i, q)
  for _, sig in ipairs(call('HKEYS', B .. ':wb:' .. q)) do
    if call('ZSCORE', B .. ':w:' .. q .. '#' .. sig, i) then removeWaiting(i, q, sig) end
  end
  call('ZREM', B .. ':ws:' .. q, i)
end

-- Nothing else would ever end a window whose deadline is not there, nor notice that the client's node is gone.
local function checkPresence(i)
  local h = fields(i, 'st', 'pres', 'np', 'presTok', 'presUntil')
  if h[2] == 'reconnecting' and h[1] ~= 'ended' and not call('ZSCORE', B .. ':due:knock', 'reconnect|' .. i .. '|' .. h[4]) then
    setDeadline('reconnect', i, h[4], number(h[5]))
    repaired('deadline reconnect ' .. i)
  end
  local held = call('HGETALL', B .. ':ic:' .. i)
  for k = 1, #held, 2 do
    local bar = string.find(held[k + 1], '|', 1, true)
    if not isNodeKnown(string.sub(held[k + 1], 1, bar - 1), string.sub(held[k + 1], bar + 1)) then
      dropConnection(i, held[k])
      repaired('connection ' .. i)
    end
  end
  if h[2] == 'connected' and #held == 0 and h[1] ~= 'ended' and h[3] ~= '1' then
    clientLeft(i)
    repaired('presence ' .. i)
  end
end

local function checkInteraction(i, q, states, set)
  local h = fields(i, 'st', 'sig', 'q')
  if not h[1] or not states[h[1]] or h[3] ~= q then
    if set == ':ws:' then removeFromBuckets(i, q) else call('ZREM', B .. set .. q, i) end
    repaired('index ' .. set .. ' ' .. i)
    return
  end
  if set == ':ws:' and not call('ZSCORE', B .. ':w:' .. q .. '#' .. (h[2] or ''), i) then
    removeFromBuckets(i, q)
    local w = fields(i, 'score', 'ch', 'need')
    writeInteraction(i, 'sig', addWaiting(i, queueOf(q), number(w[1]), w[2] or 'chat', w[3] or ''))
    repaired('bucket ' .. i)
  end
  local o = fields(i, 'tok', 'due')
  -- Nothing else would ever end an offer whose deadline is not there.
  if h[1] == 'offered' and not call('ZSCORE', B .. ':due:offer', 'offer|' .. i .. '|' .. o[1]) then
    setDeadline('offer', i, o[1], number(o[2]))
    repaired('deadline offer ' .. i)
  end
  checkPresence(i)
end

local SETS = { ':w:', ':ws:', ':qo:' }
local AT_ONCE, PARTS = 15, 3

local function checkSettings(q)
  local packed = call('HGET', B .. ':q:' .. q, 'cfg')
  -- Written by a release that does not know it.
  if packed and packQueue(q) ~= packed then repaired('settings ' .. q) end
end

-- A few of what waits, or is held, in the queue. @return where to go on; nil: that was all
local function checkPart(q, index, part)
  local set = SETS[index]
  local states = set == ':qo:' and { offered = true, served = true, ended = true } or { waiting = true }
  local size = call('ZCARD', B .. set .. q)
  -- A different part of a long queue each time: the start is drawn.
  local from = size > AT_ONCE * PARTS and now % (size - AT_ONCE + 1) or part * AT_ONCE
  for _, i in ipairs(call('ZRANGE', B .. set .. q, from, from + AT_ONCE - 1)) do checkInteraction(i, q, states, set) end
  if part + 1 < PARTS and size > (part + 1) * AT_ONCE then return index, part + 1 end
  if index < #SETS then return index + 1, 0 end
  return nil
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
  local queues, load, by = {}, 0, { chat = 0, voice = 0, video = 0 }
  local function count(q, medium)
    load = load + 1
    queues[q] = (queues[q] or 0) + 1
    by[medium] = by[medium] + 1
  end
  for _, i in ipairs(call('HKEYS', B .. ':ao:' .. a)) do
    local h = fields(i, 'st', 'oa', 'q', 'ch')
    if h[1] == 'offered' and contains(h[2], a) then
      count(h[3], h[4] or 'chat')
    else
      call('HDEL', B .. ':ao:' .. a, i)
      repaired('offer ' .. a .. ' ' .. i)
    end
  end
  for _, i in ipairs(call('ZRANGE', B .. ':ai:' .. a, 0, -1)) do
    local h = fields(i, 'st', 'own', 'q', 'ch')
    if h[2] == a and (h[1] == 'served' or h[1] == 'ended') then
      count(h[3], h[4] or 'chat')
      -- In no queue's index: it is looked at here.
      if h[3] == '' then checkPresence(i) end
    else
      call('ZREM', B .. ':ai:' .. a, i)
      repaired('ownership ' .. a .. ' ' .. i)
    end
  end
  for _, i in ipairs(call('HKEYS', B .. ':aw:' .. a)) do
    local till, q, medium = readWrapUp(i, a)
    count(q, medium)
    if not call('ZSCORE', B .. ':due:knock', 'wrapup|' .. i .. '|' .. a) then
      setDeadline('wrapup', i, a, till)
      repaired('wrap-up ' .. a .. ' ' .. i)
    end
  end
  local g = agentOf(a)
  -- Signed in by a release that let it stand.
  expectDevice(g)
  if g.load ~= load or g.voice ~= by.voice or g.video ~= by.video then
    g.load, g.voice, g.video = load, by.voice, by.video
    writeAgent(a, 'load', load, 'lv', by.voice, 'lw', by.video)
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
    if connection == 'bound' then
      if phones.show(a, devices[k]) then repaired('phone ' .. devices[k]) end
    elseif connection and connection ~= '' and not isNodeKnown(name, nodeEpoch) then
      dropDevice(a, devices[k], connection)
      repaired('device ' .. a)
    end
  end
  for _, phone in ipairs(call('SMEMBERS', B .. ':pph:' .. a)) do
    if phones.show(a, phone) then repaired('phone ' .. phone) end
  end
  -- A release that does not know of phones let one go.
  if select(2, phones.count(g)) ~= g.phones then
    devicesChanged(a)
    repaired('phones ' .. a)
  end
end

-- Not SSCAN: of a small set it gives everything at once.
local function membersAfter(cursor, most)
  return call('ZRANGEBYLEX', B .. ':' .. ARGV[5], cursor == '' and '-' or '(' .. cursor, '+', 'LIMIT', 0, most)
end

if ARGV[5] == 'agents' then
  local members = membersAfter(ARGV[6], 2)
  for _, member in ipairs(members) do checkAgent(member) end
  return { 'ok', members[2] or '', repairs, knocks }
end
local q, index, part = string.match(ARGV[6], '^([^|]*)|(%d)(%d)$')
if not q then
  q, index, part = membersAfter(ARGV[6], 1)[1], 1, 0
  if not q then return { 'ok', '', repairs, knocks } end
  checkSettings(q)
end
index, part = checkPart(q, tonumber(index), tonumber(part))
return { 'ok', index and q .. '|' .. index .. part or q, repairs, knocks }
