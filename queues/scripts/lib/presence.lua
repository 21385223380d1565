-- presence: which sockets show that a client or an agent is there, and what happens when the last one goes. Needs recipes.
--
-- ic:<interaction>  connection → node|epoch        ad:<agent>  device → connection|node|epoch|name ('' connection: known, not live)
-- n:<node>:<epoch>  what a node's sockets hold: c|interaction|connection and d|agent|device|connection

-- A call that its agent placed is not kept for long: the agent is busy with it, and who was called has no queue to come back to.
local PLACED_WINDOW_MS = 5000

local function holderKey() return B .. ':n:' .. nodeId .. ':' .. ARGV[2] end

-- The client's last socket went: the reconnect window opens (APP-6).
local function clientLeft(i)
  local h = fields(i, 'st', 'q', 'acc', 'pres', 'own')
  if not h[1] or h[1] == 'closed' or h[1] == 'ended' or h[4] ~= 'connected' then return end
  local till = now + (h[2] == '' and PLACED_WINDOW_MS or number(call('HGET', B .. ':q:' .. h[2], 'rc')))
  local tok = addTo(rowOf(i), 'presTok', 1)
  writeInteraction(i, 'pres', 'reconnecting', 'presUntil', till)
  setDeadline('reconnect', i, tok, till)
  emit('client.presence', h[3], { i = i, q = h[2], presence = 'reconnecting', ['until'] = till }, { i = i, q = h[2], row = h[5] })
end

local function clientCame(i)
  local h = fields(i, 'st', 'q', 'acc', 'pres', 'own', 'presTok')
  if h[4] == 'connected' or h[1] == 'closed' then return end
  clearDeadline('reconnect', i, h[6] or '0')
  addTo(rowOf(i), 'presTok', 1)
  writeInteraction(i, 'pres', 'connected', 'presUntil', '')
  emit('client.presence', h[3], { i = i, q = h[2], presence = 'connected', ['until'] = 0 }, { i = i, q = h[2], row = h[5] })
end

local function windowRanOut(i, tok)
  local h = fields(i, 'st', 'q', 'acc', 'pres', 'own', 'presTok')
  if h[4] ~= 'reconnecting' or h[6] ~= tok then return false end
  writeInteraction(i, 'pres', 'gone', 'presUntil', '')
  emit('client.presence', h[3], { i = i, q = h[2], presence = 'gone', ['until'] = 0 }, { i = i, q = h[2], row = h[5] })
  if h[1] == 'waiting' or h[1] == 'offered' then
    abandon(i)
  elseif h[1] == 'served' then
    endConversation(i, 'system', 'client_lost', '', '')
  end
  return true
end

-- Counts live devices, and names those of them that are phones. `came`: a device of which is known now whether it is one.
function phones.count(g, came, isPhone)
  local live, named = 0, {}
  local devices = call('HGETALL', B .. ':ad:' .. g.id)
  for k = 1, #devices, 2 do
    if string.sub(devices[k + 1], 1, 1) ~= '|' then
      live = live + 1
      local isOne = contains(g.phones, devices[k])
      if devices[k] == came then isOne = isPhone end
      if isOne then named[#named + 1] = devices[k] end
    end
  end
  table.sort(named)
  return live, table.concat(named, ',')
end

-- Opens or ends the time in which an agent without any device may come back; who has a phone again is given calls.
local function devicesChanged(a, came, isPhone)
  local g = agentOf(a)
  local before, hadPhone = g.devices, g.phones ~= ''
  local live, named = phones.count(g, came, isPhone)
  g.devices = live
  writeAgent(a, 'dv', live)
  if named ~= g.phones then
    g.phones = named
    writeAgent(a, 'ph', named)
    phones.place(g)
  end
  if before > 0 and live == 0 then
    expectBack(g)
    refreshReady(a)
  elseif before == 0 and live > 0 then
    clearDeadline('agentlost', a, agentFields(a, 'lostTok')[1] or '0')
    addTo(agentRow(a), 'lostTok', 1)
    if g.st == 'paused' and g.why == 'connection_lost' then setStatus(a, 'on', '') end
    freeAgent(a)
  elseif g.hasPhone and hadPhone ~= (named ~= '') then
    refreshReady(a)
    if not hadPhone then freeAgent(a) end
  end
  tellAgentChanged(a)
end

-- No device came back in time: what the agent held goes to others, with its place kept.
local function agentLost(a, tok)
  local h = agentFields(a, 'dv', 'st', 'lostTok')
  if number(h[1]) > 0 or h[3] ~= tok then return false end
  if h[2] == 'on' then setStatus(a, 'paused', 'connection_lost') end
  releaseWork(a, 'agent_lost', true)
  releaseKept(a, '0')
  tellAgentChanged(a)
  return true
end

local function dropConnection(i, connection)
  if call('HDEL', B .. ':ic:' .. i, connection) == 1 and call('HLEN', B .. ':ic:' .. i) == 0 then clientLeft(i) end
end

local function dropDevice(a, device, connection)
  local entry = call('HGET', B .. ':ad:' .. a, device)
  if not entry or string.sub(entry, 1, #connection + 1) ~= connection .. '|' then return end
  local name = string.match(entry, '^[^|]*|[^|]*|[^|]*|(.*)$') or ''
  call('HSET', B .. ':ad:' .. a, device, '|||' .. name)
  devicesChanged(a)
end
