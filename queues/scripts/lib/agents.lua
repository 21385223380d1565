-- agents: what an agent may take, and who is ready for which queue. Needs base and stats.
--
-- a:<agent>   acc n(ame) act cap(acity) cv cw irr sk(ills) st(out|on|paused) why since dv(live devices) load lv lw freed missed off lostTok rd pqn
--             load: all that is held (offers, conversations, wrap-ups); lv calls and lw videos of those, the rest are chats; rd: stands in ready sets
-- as:<agent>  queues signed in to      at:<agent>  those of them it is not assigned to      am:<agent>  queues assigned
-- pq:<agent>  queue → reason, where it is paused alone      om:<agent>  place in linear queues      al:<agent>  load by queue
-- ao:<agent>  offers: interaction → token       ai:<agent>  owned interactions     aw:<agent>  wrap-ups: interaction → until|queue[|medium]
-- on:<queue>  agents signed in and not paused there   ps:<queue>  signed in and paused   hs:<skill>  agents who hold it
-- r:<queue>   agents who may be given something now, best first by the queue's strategy; checked again when one is chosen
-- r:<queue>@<medium>  the same for another medium than the queue's, once something of it was in the queue (q:<queue> xm)
-- t:<queue>:<day>  given per agent today      rr:<queue>  turn of each agent in round robin

local DAY_MS = 86400000
-- Two keys in one score: the first counts, the second (a time in ms, below 2^42) breaks ties.
local TIE = 4398046511104

local function agentFields(a, ...) return call('HMGET', B .. ':a:' .. a, ...) end

local queues = {}
-- The queue's settings, read once in a script.
local function queueOf(q)
  local c = queues[q]
  if not c then
    local h = call('HMGET', B .. ':q:' .. q, 'acc', 'act', 'mode', 'lim', 'ch', 'auto', 'ot', 'pri', 'ws', 'ring', 'req', 'pref', 'rlx', 'rec', 'stw', 'stm', 'xm')
    c = {
      id = q, acc = h[1], isActive = h[2] == '1', mode = h[3], limit = number(h[4]), medium = h[5] or 'chat', isAuto = h[6] == '1',
      offerMs = number(h[7]), priority = number(h[8]), weightMs = number(h[9]) * 1000, ringMax = number(h[10]), required = h[11] or '',
      preferred = h[12] or '', relaxation = h[13] or '', recipe = h[14] or '', stickyWaitMs = number(h[15]), stickyMemoryMs = number(h[16]),
      others = h[17] or '',
    }
    if c.isActive then
      local account = 'acct ' .. c.acc
      if queues[account] == nil then queues[account] = call('HGET', B .. ':acct:' .. c.acc, 'act') == '1' end
      c.isActive = queues[account]
    end
    queues[q] = c
  end
  return c
end

local agents = {}
-- The agent's state, read once in a script and kept true by what changes it here.
local function agentOf(a)
  local g = agents[a]
  if not g then
    local h = agentFields(a, 'acc', 'act', 'st', 'dv', 'load', 'lv', 'lw', 'cap', 'cv', 'cw', 'irr', 'freed', 'sk', 'rd', 'n', 'pqn', 'why')
    g = {
      id = a, acc = h[1], isActive = h[2] == '1', st = h[3] or 'out', devices = number(h[4]), load = number(h[5]), voice = number(h[6]),
      video = number(h[7]), chatMax = number(h[8]), voiceMax = tonumber(h[9] or '1'), videoMax = tonumber(h[10] or '1'), rules = h[11] or '',
      freed = number(h[12]), skillText = h[13] or '', isReady = h[14] == '1', name = h[15] or '', hasPaused = number(h[16]) > 0, why = h[17] or '',
    }
    agents[a] = g
  end
  return g
end

local function signedInTo(g)
  if not g.queues then g.queues = call('SMEMBERS', B .. ':as:' .. g.id) end
  return g.queues
end

-- Reason for which the agent is paused in this queue alone, or nil (RTE-4).
local function pausedIn(g, q)
  if not g.hasPaused then return nil end
  if not g.paused then
    g.paused = {}
    local flat = call('HGETALL', B .. ':pq:' .. g.id)
    for k = 1, #flat, 2 do g.paused[flat[k]] = flat[k + 1] end
  end
  return g.paused[q]
end

local function pauseIn(g, q, reason)
  pausedIn(g, q)
  g.hasPaused, g.paused = true, g.paused or {}
  g.paused[q] = reason
  call('HSET', B .. ':pq:' .. g.id, q, reason)
  call('HSET', B .. ':a:' .. g.id, 'pqn', call('HLEN', B .. ':pq:' .. g.id))
end

local function resumeIn(g, q)
  if not pausedIn(g, q) then return end
  g.paused[q] = nil
  call('HDEL', B .. ':pq:' .. g.id, q)
  call('HSET', B .. ':a:' .. g.id, 'pqn', call('HLEN', B .. ':pq:' .. g.id))
end

-- skill → level
local function skillsOf(g)
  if not g.skills then
    g.skills = {}
    for skill, level in string.gmatch(g.skillText, '([^=,]+)=(%d+)') do g.skills[skill] = tonumber(level) end
  end
  return g.skills
end

-- Whether the agent has what is needed: `skill=level,skill=level`.
local function hasSkills(g, need)
  if need == '' then return true end
  local skills = skillsOf(g)
  for skill, level in string.gmatch(need, '([^=,]+)=(%d+)') do
    if (skills[skill] or 0) < tonumber(level) then return false end
  end
  return true
end

-- Whether one more of the medium fits beside what is held (RTE-5): below its own number, and allowed to interrupt every other medium held.
local function hasRoom(g, medium)
  local chat, voice, video = g.load - g.voice - g.video, g.voice, g.video
  local function may(other, held) return held <= 0 or string.find(g.rules, medium .. '>' .. other, 1, true) ~= nil end
  if medium == 'voice' then return voice < g.voiceMax and may('chat', chat) and may('video', video) end
  if medium == 'video' then return video < g.videoMax and may('chat', chat) and may('voice', voice) end
  return chat < g.chatMax and may('voice', voice) and may('video', video)
end

local function isWithinLimit(g, c)
  return c.limit <= 0 or number(call('HGET', B .. ':al:' .. g.id, c.id)) < c.limit
end

-- Signed in, not paused, with a live device: it can be given something if it has room.
local function isThere(g) return g.isActive and g.st == 'on' and g.devices > 0 end

local function holds(g) return (g.load - g.voice - g.video) .. '/' .. g.voice .. '/' .. g.video end

-- Where the agent stands in the queue's strategy: the least is the first (RTE-2).
local function rankIn(g, c)
  local mode = c.mode
  if mode == 'balanced' then return g.load * TIE + g.freed end
  if mode == 'random' then return number(call('HGET', B .. ':t:' .. c.id .. ':' .. math.floor(now / DAY_MS), g.id)) end
  if mode == 'fewest_calls' then
    return number(call('HGET', B .. ':t:' .. c.id .. ':' .. math.floor(now / DAY_MS), g.id)) * TIE + g.freed
  end
  if mode == 'round_robin' then return number(call('HGET', B .. ':rr:' .. c.id, g.id)) end
  if mode == 'linear' then return (tonumber(call('HGET', B .. ':om:' .. g.id, c.id) or '10001')) * TIE + g.freed end
  return g.freed
end

local function readyKey(c, medium)
  return medium == c.medium and B .. ':r:' .. c.id or B .. ':r:' .. c.id .. '@' .. medium
end

-- Puts the agent into, or takes it out of, the ready set of each queue it is signed in to.
local function refreshReady(a)
  local g = agentOf(a)
  local chat, voice, video
  local isReady = isThere(g)
  if isReady then
    chat, voice, video = hasRoom(g, 'chat'), hasRoom(g, 'voice'), hasRoom(g, 'video')
    isReady = chat or voice or video
  end
  if not isReady and not g.isReady then return end
  local room = { chat = chat, voice = voice, video = video }
  for _, q in ipairs(signedInTo(g)) do
    local c = queueOf(q)
    local isOpen = isReady and c.isActive and isWithinLimit(g, c) and not pausedIn(g, q)
    local rank = isOpen and rankIn(g, c)
    if isOpen and room[c.medium] then
      call('ZADD', B .. ':r:' .. q, rank, a)
    elseif g.isReady then
      call('ZREM', B .. ':r:' .. q, a)
    end
    for medium in string.gmatch(c.others, '%a+') do
      local key = readyKey(c, medium)
      if isOpen and room[medium] then call('ZADD', key, rank, a) else call('ZREM', key, a) end
    end
  end
  if isReady ~= g.isReady then
    g.isReady = isReady
    call('HSET', B .. ':a:' .. a, 'rd', isReady and '1' or '')
  end
end

-- Counts one more (or less) of the medium on the agent.
local function changeLoad(a, q, medium, by)
  local g = agentOf(a)
  local wasHolding = g.load > 0
  g.load = g.load + by
  local set = { 'HSET', B .. ':a:' .. a, 'load', g.load }
  if medium == 'voice' then
    g.voice = g.voice + by
    set[5], set[6] = 'lv', g.voice
  elseif medium == 'video' then
    g.video = g.video + by
    set[5], set[6] = 'lw', g.video
  end
  if by < 0 then
    g.freed = now
    set[#set + 1] = 'freed'
    set[#set + 1] = now
  end
  call(unpack(set))
  if call('HINCRBY', B .. ':al:' .. a, q, by) <= 0 then call('HDEL', B .. ':al:' .. a, q) end
  if wasHolding ~= (g.load > 0) then trackAgent(a, g.load > 0, g.st == 'on' and g.devices > 0) end
end

-- Whether the agent may take one more of the medium from the queue by hand. @return nil, or the code that refuses
local function refusal(a, q, medium)
  local g = agentOf(a)
  if not g.isActive then return 'forbidden' end
  if g.st == 'out' or call('SISMEMBER', B .. ':as:' .. a, q) == 0 then return 'not_signed_in' end
  if not hasRoom(g, medium) or not isWithinLimit(g, queueOf(q)) then return 'at_capacity' end
  return nil
end

-- Marks the agent as there for the queue, paused there, or (both false) signed out of it. When the last one leaves, the recipe may know what to do.
local function setOnline(a, q, isOnline, isPaused)
  if isOnline then
    call('SADD', B .. ':on:' .. q, a)
  elseif call('SREM', B .. ':on:' .. q, a) == 1 and queueOf(q).recipe ~= '' and call('SCARD', B .. ':on:' .. q) == 0 then
    setDeadline('nobody', q, '0', now)
  end
  call(isPaused and 'SADD' or 'SREM', B .. ':ps:' .. q, a)
end

-- Tells the agent's devices, and who watches the figures of its queues (and of those in `left`), that its state changed.
local function tellAgentChanged(a, left)
  local g = agentOf(a)
  local named = signedInTo(g)
  local paused = {}
  for _, q in ipairs(named) do if pausedIn(g, q) then paused[#paused + 1] = q end end
  local figures = named
  if left then
    figures = {}
    for _, q in ipairs(named) do figures[#figures + 1] = q end
    for _, q in ipairs(left) do figures[#figures + 1] = q end
  end
  emit('agent.changed', g.acc,
    { a = a, status = g.st, reason = g.why, queues = table.concat(named, ' '), paused = table.concat(paused, ' '), dv = g.devices, ld = holds(g) },
    { a = a, figures = figures })
end

local function setStatus(a, status, why)
  local g = agentOf(a)
  if g.st ~= status or g.why ~= why then call('HSET', B .. ':a:' .. a, 'st', status, 'why', why, 'since', now) end
  g.st, g.why = status, why
  for _, q in ipairs(signedInTo(g)) do
    local isPaused = status == 'paused' or pausedIn(g, q) ~= nil
    setOnline(a, q, status == 'on' and not isPaused, isPaused)
  end
  trackAgent(a, g.load > 0, status == 'on' and g.devices > 0)
end
