-- applyConfig: writes the copy of one configuration entry; an older version than the one that stands is refused.
-- ARGV 5 kind 6 id 7 account 8 version 9 doc (JSON, '' = deleted)
-- Answers: ok, applied 0|1
-- @include base
-- @include agents
-- @include lifecycle
local kind, id, acc, version = ARGV[5], ARGV[6], ARGV[7], number(ARGV[8])
local entry = kind .. ':' .. id
if number(call('HGET', B .. ':cv:' .. acc, entry)) >= version then return { 'ok', 0, knocks } end
call('HSET', B .. ':cv:' .. acc, entry, version)
local isDeleted = ARGV[9] == ''
local doc = not isDeleted and cjson.decode(ARGV[9]) or {}
local function flag(value) return value and '1' or '0' end
if isDeleted then call('DEL', B .. ':doc:' .. entry) else call('SET', B .. ':doc:' .. entry, ARGV[9]) end

if kind == 'account' then
  call('HSET', B .. ':acct:' .. acc, 'act', flag(doc.isActive))
elseif kind == 'queue' then
  local key = B .. ':q:' .. id
  call('ZADD', B .. ':queues', 0, id)
  if isDeleted then
    call('HSET', key, 'act', '0')
    call('SREM', B .. ':qs:' .. acc, id)
  else
    call('SADD', B .. ':qs:' .. acc, id)
    call('HSET', key, 'acc', acc, 'n', doc.name, 'act', flag(doc.isActive), 'mode', doc.mode, 'auto', flag(doc.isAutoAccepted), 'ot', doc.offerTimeoutMs,
      'mm', doc.maxMissed, 'wu', doc.wrapUpMs, 'cew', flag(doc.canEndWrapUp), 'cxw', flag(doc.canExtendWrapUp), 'rc', doc.reconnectMs,
      'al', doc.agentLostMs, 'lim', doc.limitPerAgent, 'pri', doc.priority, 'ws', doc.weightSec, 'outReq', flag(doc.isOutcomeRequired),
      'ac', doc.autoCloseMs, 'aco', doc.autoCloseOutcome, 'rat', doc.rating)
    call('DEL', B .. ':qout:' .. id)
    for _, outcome in ipairs(doc.outcomes) do call('HSET', B .. ':qout:' .. id, outcome.id, outcome.kind) end
  end
  refreshQueue(id, '0')
elseif kind == 'agent' then
  local isActive = not isDeleted and doc.isActive
  call('HSET', B .. ':a:' .. id, 'acc', acc, 'act', flag(isActive))
  call('HSETNX', B .. ':a:' .. id, 'st', 'out')
  call('ZADD', B .. ':agents', 0, id)
  if not isDeleted then call('HSET', B .. ':a:' .. id, 'n', doc.name, 'cap', doc.capacity) end
  call(isDeleted and 'SREM' or 'SADD', B .. ':ags:' .. acc, id)
  call('DEL', B .. ':am:' .. id)
  local assigned = {}
  for _, q in ipairs(isActive and doc.queues or {}) do
    assigned[q] = true
    call('SADD', B .. ':am:' .. id, q)
  end
  for _, q in ipairs(call('SMEMBERS', B .. ':as:' .. id)) do
    if not assigned[q] then
      call('SREM', B .. ':as:' .. id, q)
      call('ZREM', B .. ':r:' .. q, id)
      setOnline(id, q, false)
      emit('agent.changed', acc, { a = id, status = 'out', reason = '' }, { q = q, figures = true })
    end
  end
  if call('SCARD', B .. ':as:' .. id) == 0 then call('HSET', B .. ':a:' .. id, 'st', 'out', 'since', now) end
  if isActive then
    for _, i in ipairs(call('HKEYS', B .. ':ao:' .. id)) do
      if not assigned[call('HGET', B .. ':i:' .. i, 'q')] then
        returnOffer(i, 'withdrawn')
        matchInteraction(i)
      end
    end
    freeAgent(id)
  else
    releaseWork(id, 'agent_removed', true)
    for _, i in ipairs(call('ZRANGE', B .. ':ai:' .. id, 0, 99)) do
      local q = call('HGET', B .. ':i:' .. i, 'q')
      closeInteraction(i, q, id, 'served', '', '')
      disown(i, q, id)
    end
    for _, i in ipairs(call('HKEYS', B .. ':aw:' .. id)) do endWrapUp(i, id, 'agent_removed') end
    for _, i in ipairs(call('ZRANGE', B .. ':ap:' .. id, 0, 99)) do removeParticipant(i, id) end
  end
  tellAgentChanged(id)
elseif kind == 'group' then
  call(isDeleted and 'SREM' or 'SADD', B .. ':gs:' .. acc, id)
end
emit('config.applied', acc, '{"kind":"' .. kind .. '","id":"' .. id .. '","version":' .. version .. ',"deleted":' .. (isDeleted and 'true' or 'false') .. '}', {})
return { 'ok', 1, knocks }
