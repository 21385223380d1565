-- agents: what an agent may take, and who is ready for which queue. Needs base and stats.
--
-- a:<agent>   acc n(ame) act cap(acity) cv cw irr hp(phones are configured) ph(live phones) sk(ills) st(out|on|paused) why since dv(live devices) load lv lw freed missed off lostTok rd pqn se
--             load: all that is held (offers, conversations, wrap-ups); lv calls and lw videos of those, the rest are chats; rd: stands in ready sets
--             se: the search for what it is given that goes on in a script to come (seeking)
-- as:<agent>  queues signed in to      at:<agent>  those of them it is not assigned to      am:<agent>  queues assigned
-- pq:<agent>  queue → reason, where it is paused alone      om:<agent>  place in linear queues      al:<agent>  load by queue
-- ao:<agent>  offers: interaction → token       ai:<agent>  owned interactions     aw:<agent>  wrap-ups: interaction → until|queue[|medium]
-- on:<queue>  agents who are there: signed in, not paused there, on a live device or expected back on one (RTE-10, GRP-5)   np:<queue>  those of them who have phones, none of them live   ps:<queue>  signed in and paused   hs:<skill>  agents who hold it
-- r:<queue>   agents who may be given something now, best first by the queue's strategy; checked again when one is chosen
-- r:<queue>@<medium>  the same for another medium than the queue's, once something of it was in the queue (q:<queue> xm)
-- t:<queue>:<day>  given per agent today      rr:<queue>  turn of each agent in round robin

local DAY_MS = 86400000
-- Two keys in one score: the first counts, the second (a time in ms, below 2^42) breaks ties.
local TIE = 4398046511104

local queues, agents, accounts, touched, settleAgents
-- @each
queues, agents, accounts, touched = {}, {}, {}, {}
-- Only in commands that know of agents: those of an earlier call, perhaps in another partition, are none of this one's.
settle = function() settleAgents() end
-- @end

-- What scripts read of a queue, in one text, so that one that was read before is not taken apart again.
local PACKED = { 'acc', 'act', 'mode', 'lim', 'ch', 'auto', 'ot', 'pri', 'ws', 'ring', 'req', 'pref', 'rlx', 'rec', 'stw', 'stm', 'xm', 'wu', 'mm', 'cew', 'outReq' }
local unpacked, unpackedCount = {}, 0

local function packQueue(q)
  local h = call('HMGET', B .. ':q:' .. q, unpack(PACKED))
  for k = 1, #PACKED do h[k] = h[k] or '' end
  local text = q .. '\30' .. table.concat(h, '\30')
  -- Of a queue that nobody made, only named, nothing is kept.
  if h[1] ~= '' then call('HSET', B .. ':q:' .. q, 'cfg', text) end
  queues[q] = nil
  return text
end

local function unpackQueue(text)
  local h = {}
  for value in string.gmatch(text .. '\30', '([^\30]*)\30') do h[#h + 1] = value end
  return {
    id = h[1], acc = h[2], isOn = h[3] == '1', mode = h[4], limit = number(h[5]), medium = h[6] == '' and 'chat' or h[6], isAuto = h[7] == '1',
    offerMs = number(h[8]), priority = number(h[9]), weightMs = number(h[10]) * 1000, ringMax = h[11] == '' and 10 or number(h[11]), required = h[12],
    preferred = h[13], relaxation = h[14], recipe = h[15], stickyWaitMs = number(h[16]), stickyMemoryMs = number(h[17]), others = h[18],
    wrapUpMs = number(h[19]), missedMost = number(h[20]), canEndWrapUp = h[21] == '1', isOutcomeRequired = h[22] == '1',
  }
end

-- The queue's settings. Not to be changed: they are kept for calls to come.
local function queueOf(q)
  local c = queues[q]
  if not c then
    local text = call('HGET', B .. ':q:' .. q, 'cfg') or packQueue(q)
    c = unpacked[text]
    if not c then
      c = unpackQueue(text)
      if unpackedCount >= 5000 then unpacked, unpackedCount = {}, 0 end
      unpacked[text], unpackedCount = c, unpackedCount + 1
    end
    queues[q] = c
  end
  return c
end

local function isAccountActive(acc)
  if accounts[acc] == nil then accounts[acc] = call('HGET', B .. ':acct:' .. acc, 'act') == '1' end
  return accounts[acc]
end

-- Whether the queue is switched on, and its account.
local function isServing(c) return c.isOn and isAccountActive(c.acc) end

-- All that is read of an agent, in one go.
local AGENT = { 'acc', 'act', 'st', 'dv', 'load', 'lv', 'lw', 'cap', 'cv', 'cw', 'irr', 'freed', 'sk', 'rd', 'n', 'pqn', 'why', 'off', 'missed', 'hp', 'ph', 'se' }
-- The agent's state, kept true by what changes it here.
local function agentOf(a)
  local g = agents[a]
  if not g then
    local h = know(agentRow(a), AGENT)
    g = {
      id = a, row = h, acc = h.acc, isActive = h.act == '1', st = h.st or 'out', devices = number(h.dv), load = number(h.load), voice = number(h.lv),
      video = number(h.lw), chatMax = number(h.cap), voiceMax = number(h.cv or '1'), videoMax = number(h.cw or '1'), rules = h.irr or '',
      freed = number(h.freed), skillText = h.sk or '', isReady = h.rd == '1', name = h.n or '', hasPhone = h.hp == '1', phones = h.ph or '', hasPaused = number(h.pqn) > 0, why = h.why or '',
      search = h.se or '',
    }
    g.wasHolding, g.wasOnline = g.load > 0, g.st == 'on' and g.devices > 0
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
  writeAgent(g.id, 'pqn', call('HLEN', B .. ':pq:' .. g.id))
end

local function resumeIn(g, q)
  if not pausedIn(g, q) then return end
  g.paused[q] = nil
  call('HDEL', B .. ':pq:' .. g.id, q)
  writeAgent(g.id, 'pqn', call('HLEN', B .. ':pq:' .. g.id))
end

-- skill → level, of the text that an agent has. Not to be changed: they are kept for calls to come, since many agents can the same.
local skillSets, skillSetsCount = {}, 0
local function skillsIn(text)
  local skills = skillSets[text]
  if not skills then
    skills = {}
    for skill, level in string.gmatch(text, '([^=,]+)=(%d+)') do skills[skill] = tonumber(level) end
    if skillSetsCount >= 5000 then skillSets, skillSetsCount = {}, 0 end
    skillSets[text], skillSetsCount = skills, skillSetsCount + 1
  end
  return skills
end

-- Whether they are enough for what is needed: `skill=level,skill=level`.
local function suffice(skills, need)
  if need == '' then return true end
  for skill, level in string.gmatch(need, '([^=,]+)=(%d+)') do
    if (skills[skill] or 0) < tonumber(level) then return false end
  end
  return true
end
local function hasSkills(g, need) return suffice(skillsIn(g.skillText), need) end

local function fitsBeside(g, medium, other, held) return held <= 0 or string.find(g.rules, medium .. '>' .. other, 1, true) ~= nil end

-- Whether one more of the medium fits beside what is held (RTE-5): below its own number, and allowed to interrupt every other medium held.
local function hasRoom(g, medium)
  local chat, voice, video = g.load - g.voice - g.video, g.voice, g.video
  if medium == 'voice' then return voice < g.voiceMax and fitsBeside(g, medium, 'chat', chat) and fitsBeside(g, medium, 'video', video) end
  if medium == 'video' then return video < g.videoMax and fitsBeside(g, medium, 'chat', chat) and fitsBeside(g, medium, 'voice', voice) end
  return chat < g.chatMax and fitsBeside(g, medium, 'voice', voice) and fitsBeside(g, medium, 'video', video)
end

-- Who has phones takes calls only while one of them is live (RTE-4). In a table, because a chunk of Lua has 200 local variables at most.
local phones = {}

-- Whether the medium can reach the agent.
function phones.reach(g, medium) return medium ~= 'voice' or not g.hasPhone or g.phones ~= '' end

-- Where a call rings the agent: live bindings, and of phones that have none their configuration (JSON each).
function phones.ways(g)
  local bound, others = {}, {}
  for _, phone in ipairs(call('SMEMBERS', B .. ':pph:' .. g.id)) do
    local before = #bound
    for _, entry in ipairs(call('HVALS', B .. ':pb:' .. phone)) do
      local till, json = string.match(entry, '^(%d+)|[^|]*|[^|]*|[^|]*|[^|]*|[^|]*|%d+|(.*)$')
      if tonumber(till) > now then bound[#bound + 1] = json end
    end
    if #bound == before then others[#others + 1] = call('GET', B .. ':pd:phone:' .. phone) or nil end
  end
  return bound, others
end

local function isWithinLimit(g, c)
  return c.limit <= 0 or number(call('HGET', B .. ':al:' .. g.id, c.id)) < c.limit
end

-- Signed in, not paused, with a live device: it can be given something if it has room.
local function isThere(g) return g.isActive and g.st == 'on' and g.devices > 0 end

-- Whether what waits is still being looked through for the agent (seeking): until then what comes is not put before it. A search that nobody goes on with
-- counts for nothing.
local function isSeeking(g)
  return string.sub(g.search, 1, 1) == 'a' and call('ZSCORE', B .. ':due:knock', 'match|' .. g.id .. '|' .. g.search) ~= false
end

local function holds(g)
  local chat = g.load - g.voice - g.video
  return (SMALL[chat] or chat) .. '/' .. (SMALL[g.voice] or g.voice) .. '/' .. (SMALL[g.video] or g.video)
end

-- Whether it is there for the queue: what it is offered there, or what is kept for it, stays so.
local function isThereFor(g, q)
  return g.isActive and g.st == 'on' and not pausedIn(g, q) and call('SISMEMBER', B .. ':as:' .. g.id, q) == 1
end

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
local function placeReady(g)
  local a = g.id
  local chat, voice, video
  local isReady = isThere(g) and not isSeeking(g)
  if isReady then
    chat, voice, video = hasRoom(g, 'chat'), phones.reach(g, 'voice') and hasRoom(g, 'voice'), hasRoom(g, 'video')
    isReady = chat or voice or video
  end
  if not isReady and not g.isReady then return end
  local room, queued = { chat = chat, voice = voice, video = video }, signedInTo(g)
  work = work + #queued / 16
  for _, q in ipairs(queued) do
    local c = queueOf(q)
    local isOpen = isReady and isServing(c) and isWithinLimit(g, c) and not pausedIn(g, q)
    local rank = isOpen and rankIn(g, c)
    if isOpen and room[c.medium] then
      call('ZADD', B .. ':r:' .. q, rank, a)
    elseif g.isReady then
      call('ZREM', B .. ':r:' .. q, a)
    end
    if c.others ~= '' then
      for medium in string.gmatch(c.others, '%a+') do
        local key = readyKey(c, medium)
        if isOpen and room[medium] then call('ZADD', key, rank, a) else call('ZREM', key, a) end
      end
    end
  end
  if isReady ~= g.isReady then
    g.isReady = isReady
    writeAgent(a, 'rd', isReady and '1' or '')
  end
end

-- The agent's readiness may be another: it is looked at before somebody looks for an agent, and at the end of the call.
local function refreshReady(a)
  local g = agentOf(a)
  if not g.isTouched then
    g.isTouched = true
    touched[#touched + 1] = g
  end
end

local function settleReady()
  for k, g in ipairs(touched) do
    g.isTouched = nil
    touched[k] = nil
    placeReady(g)
  end
end

settleAgents = function()
  settleReady()
  for _, g in pairs(agents) do
    local isHolding, isOnline = g.load > 0, g.st == 'on' and g.devices > 0
    if isHolding ~= g.wasHolding or isOnline ~= g.wasOnline then trackAgent(g.id, isHolding, isOnline) end
  end
end

-- Counts one more (or less) of the medium on the agent.
local function changeLoad(a, q, medium, by)
  local g = agentOf(a)
  g.load = g.load + by
  writeOne(g.row, 'load', g.load)
  if medium == 'voice' then
    g.voice = g.voice + by
    writeOne(g.row, 'lv', g.voice)
  elseif medium == 'video' then
    g.video = g.video + by
    writeOne(g.row, 'lw', g.video)
  end
  if by < 0 then
    g.freed = now
    writeOne(g.row, 'freed', nowText)
  end
  if call('HINCRBY', B .. ':al:' .. a, q, by > 0 and '1' or '-1') <= 0 then call('HDEL', B .. ':al:' .. a, q) end
end

-- Whether the agent may take one more of the medium from the queue by hand. @return nil, or the code that refuses
local function refusal(a, q, medium)
  local g = agentOf(a)
  if not g.isActive then return 'forbidden' end
  if g.st == 'out' or call('SISMEMBER', B .. ':as:' .. a, q) == 0 then return 'not_signed_in' end
  if not phones.reach(g, medium) then return 'not_signed_in' end
  if not hasRoom(g, medium) or not isWithinLimit(g, queueOf(q)) then return 'at_capacity' end
  return nil
end

-- Counts the agent in the queue among those without a live phone, or not.
function phones.placeIn(g, q, isOnline)
  call(isOnline and not phones.reach(g, 'voice') and 'SADD' or 'SREM', B .. ':np:' .. q, g.id)
end

-- Whether calls can reach the agent is another now.
function phones.place(g)
  for _, q in ipairs(signedInTo(g)) do phones.placeIn(g, q, call('SISMEMBER', B .. ':on:' .. q, g.id) == 1) end
end

-- Marks the agent as there for the queue, paused there, or (both false) signed out of it. When the last one leaves, the recipe may know what to do.
local function setOnline(a, q, isOnline, isPaused)
  if isOnline then
    call('SADD', B .. ':on:' .. q, a)
  elseif call('SREM', B .. ':on:' .. q, a) == 1 and queueOf(q).recipe ~= '' and call('SCARD', B .. ':on:' .. q) == 0 then
    setDeadline('nobody', q, '0', now)
  end
  call(isPaused and 'SADD' or 'SREM', B .. ':ps:' .. q, a)
  local g = agentOf(a)
  if g.hasPhone then phones.placeIn(g, q, isOnline) end
end

-- Tells the agent's devices, and who watches the figures of its queues (and of those in `left`), that its state changed.
local function tellAgentChanged(a, left)
  local g = agentOf(a)
  local named = signedInTo(g)
  work = work + #named / 16
  local paused = {}
  for _, q in ipairs(named) do if pausedIn(g, q) then paused[#paused + 1] = q end end
  local figures = named
  if left then
    figures = {}
    for _, q in ipairs(named) do figures[#figures + 1] = q end
    for _, q in ipairs(left) do figures[#figures + 1] = q end
  end
  emit('agent.changed', g.acc,
    {
      a = a, status = g.st, reason = g.why, queues = table.concat(named, ' '), paused = table.concat(paused, ' '), dv = g.devices, ld = holds(g),
      ph = g.hasPhone and select(2, string.gsub(g.phones, '[^,]+', '')) or nil,
    },
    { a = a, figures = figures })
end

local function setStatus(a, status, why)
  local g = agentOf(a)
  if g.st ~= status or g.why ~= why then writeAgent(a, 'st', status, 'why', why, 'since', now) end
  g.st, g.why = status, why
  work = work + #signedInTo(g) / 16
  for _, q in ipairs(signedInTo(g)) do
    local isPaused = status == 'paused' or pausedIn(g, q) ~= nil
    setOnline(a, q, status == 'on' and not isPaused, isPaused)
  end
end

-- The agent has no live device: so long it is expected back, by the shortest time of its queues; then it is paused (agentLost), and so not there.
local function expectBack(g)
  local lostMs
  for _, q in ipairs(signedInTo(g)) do
    local ms = number(call('HGET', B .. ':q:' .. q, 'al'))
    if ms > 0 and (not lostMs or ms < lostMs) then lostMs = ms end
  end
  setDeadline('agentlost', g.id, addTo(g.row, 'lostTok', 1), now + (lostMs or 60000))
end

-- Whoever says to be there without a device, by REST say, has as long to come on one as who lost it.
local function expectDevice(g)
  if g.st ~= 'on' or g.devices > 0 then return end
  local tok = know(g.row, { 'lostTok' }).lostTok
  if not tok or not call('ZSCORE', B .. ':due:knock', 'agentlost|' .. g.id .. '|' .. tok) then expectBack(g) end
end
