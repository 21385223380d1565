-- applyConfig: writes the copy of one configuration entry; an older version than the one that stands is refused.
-- ARGV 5 kind 6 id 7 account 8 version 9 doc (JSON, '' = deleted)
-- Answers: ok, applied 0|1
-- @include routing
local kind, id, acc, version = ARGV[5], ARGV[6], ARGV[7], number(ARGV[8])
local entry = kind .. ':' .. id
if number(call('HGET', B .. ':cv:' .. acc, entry)) >= version then return { 'ok', 0, knocks } end
call('HSET', B .. ':cv:' .. acc, entry, version)
local isDeleted = ARGV[9] == ''
local doc = not isDeleted and cjson.decode(ARGV[9]) or {}
local function flag(value) return value and '1' or '0' end
if isDeleted then call('DEL', B .. ':doc:' .. entry) else call('SET', B .. ':doc:' .. entry, ARGV[9]) end

local function needsText(needs)
  local list = {}
  for k, need in ipairs(needs or {}) do list[k] = need.skill .. '=' .. need.level end
  return mergeNeeds(table.concat(list, ','), '')
end

local function applyAccount()
  call('HSET', B .. ':acct:' .. acc, 'act', flag(doc.isActive), 'tsi', flag(doc.canSignInAnywhere))
  -- What waits was not offered while the account was inactive.
  for _, q in ipairs(call('SMEMBERS', B .. ':qs:' .. acc)) do setDeadline('refresh', q, '0', now) end
end

local function applyQueue()
  local key = B .. ':q:' .. id
  call('ZADD', B .. ':queues', 0, id)
  if isDeleted then
    call('HSET', key, 'act', '0')
    packQueue(id)
    call('SREM', B .. ':qs:' .. acc, id)
    setDeadline('drain', id, '0', now)
    -- Its agents are ready for it no more.
    setDeadline('refresh', id, '0', now)
    return
  end
  call('SADD', B .. ':qs:' .. acc, id)
  local relaxation = {}
  for k, step in ipairs(doc.relaxation or {}) do relaxation[k] = step.afterSec .. '=' .. step.lowerBy end
  local recipe = doc.recipe or {}
  call('HSET', key, 'acc', acc, 'n', doc.name, 'act', flag(doc.isActive), 'mode', doc.mode, 'auto', flag(doc.isAutoAccepted), 'ot', doc.offerTimeoutMs,
    'mm', doc.maxMissed, 'wu', doc.wrapUpMs, 'cew', flag(doc.canEndWrapUp), 'cxw', flag(doc.canExtendWrapUp), 'rc', doc.reconnectMs,
    'al', doc.agentLostMs, 'lim', doc.limitPerAgent, 'pri', doc.priority, 'ws', doc.weightSec, 'outReq', flag(doc.isOutcomeRequired),
    'ac', doc.autoCloseMs, 'aco', doc.autoCloseOutcome, 'rat', doc.rating)
  -- What waits stands in the index by whether it is of the queue's medium: that stays what it was at first.
  call('HSETNX', key, 'ch', doc.channel or 'chat')
  call('HSET', key, 'ring', doc.ringMax or 10, 'req', needsText(doc.required), 'pref', needsText(doc.preferred),
    'rlx', table.concat(relaxation, ','), 'stw', doc.stickyWaitMs or 0, 'stm', doc.stickyMemoryMs or 0,
    'rec', #recipe > 0 and cjson.encode(recipe) or '', 'sl', doc.serviceLevelSec or 20)
  packQueue(id)
  -- Nobody joins what still rings; who accepts it would not take it from there.
  if doc.mode ~= 'ring_all' then call('DEL', B .. ':rg:' .. id) end
  call('DEL', B .. ':qout:' .. id)
  for _, outcome in ipairs(doc.outcomes) do call('HSET', B .. ':qout:' .. id, outcome.id, outcome.kind) end
  refreshQueue(id, '0')
end

local function applySkills(isActive)
  local list = {}
  for skill, level in pairs(isActive and doc.skills or {}) do
    list[#list + 1] = skill .. '=' .. level
    call('SADD', B .. ':hs:' .. skill, id)
  end
  for skill in string.gmatch(agentFields(id, 'sk')[1] or '', '([^=,]+)=') do
    if not isActive or not doc.skills or not doc.skills[skill] then call('SREM', B .. ':hs:' .. skill, id) end
  end
  table.sort(list)
  writeAgent(id, 'sk', table.concat(list, ','))
  call('DEL', B .. ':om:' .. id)
  for q, place in pairs(isActive and doc.order or {}) do call('HSET', B .. ':om:' .. id, q, place) end
end

local function applyAgent()
  local isActive = not isDeleted and doc.isActive
  writeAgent(id, 'acc', acc, 'act', flag(isActive))
  if not agentFields(id, 'st')[1] then writeAgent(id, 'st', 'out') end
  call('ZADD', B .. ':agents', 0, id)
  if not isDeleted then
    writeAgent(id, 'n', doc.name, 'cap', doc.capacity, 'cv', doc.voiceCapacity or 1, 'cw', doc.videoCapacity or 1, 'irr',
      table.concat(doc.interrupts or {}, ' '), 'hp', flag(doc.hasPhone))
  end
  applySkills(isActive)
  call(isDeleted and 'SREM' or 'SADD', B .. ':ags:' .. acc, id)
  call('DEL', B .. ':am:' .. id)
  -- Where it may stay signed in: what it is assigned to, and what it signed in to for a time (ACC-5).
  local stays, left = {}, {}
  for _, q in ipairs(isActive and doc.queues or {}) do
    stays[q] = true
    call('SADD', B .. ':am:' .. id, q)
    call('SREM', B .. ':at:' .. id, q)
  end
  if isActive then
    for _, q in ipairs(call('SMEMBERS', B .. ':at:' .. id)) do stays[q] = true end
  else
    call('DEL', B .. ':at:' .. id, B .. ':pq:' .. id)
    writeAgent(id, 'pqn', 0)
  end
  local g = agentOf(id)
  for _, q in ipairs(signedInTo(g)) do
    if not stays[q] then
      left[#left + 1] = q
      call('SREM', B .. ':as:' .. id, q)
      call('ZREM', B .. ':r:' .. q, id)
      for medium in string.gmatch(queueOf(q).others, '%a+') do call('ZREM', readyKey(queueOf(q), medium), id) end
      setOnline(id, q, false, false)
      resumeIn(g, q)
    end
  end
  g.queues = nil
  phones.place(g)
  if #signedInTo(g) == 0 and g.st ~= 'out' then setStatus(id, 'out', '') end
  if isActive then
    releaseWork(id, 'signed_out', false)
    releaseKept(id, '0')
    freeAgent(id)
  else
    removeWork(id)
    releaseKept(id, '0')
  end
  tellAgentChanged(id, left)
end

if kind == 'account' then
  applyAccount()
elseif kind == 'queue' then
  applyQueue()
elseif kind == 'agent' then
  applyAgent()
elseif kind == 'group' then
  call(isDeleted and 'SREM' or 'SADD', B .. ':gs:' .. acc, id)
end
emit('config.applied', acc, '{"kind":"' .. kind .. '","id":"' .. id .. '","version":' .. version .. ',"deleted":' .. (isDeleted and 'true' or 'false') .. '}', {})
return { 'ok', 1, knocks }
