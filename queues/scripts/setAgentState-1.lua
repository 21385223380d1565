-- setAgentState: signs in to and out of queues, pauses, resumes; what waits is matched in the same step (RTE-4, RTE-7).
-- ARGV 5 agent 6 account 7 what (sign_in|sign_out|pause|resume) 8 reason 9 command 10… queues (none: all assigned, or all signed in)
-- Answers: ok | not_found | forbidden | not_signed_in
-- @include base
-- @include agents
-- @include lifecycle
local a, acc, what = ARGV[5], ARGV[6], ARGV[7]
local h = agentFields(a, 'acc', 'act', 'st')
if h[1] ~= acc then return { 'not_found' } end
if h[2] ~= '1' then return { 'forbidden' } end
if firstResult(ARGV[9]) then return { 'ok', knocks } end

local queues = {}
for k = 10, #ARGV do queues[#queues + 1] = ARGV[k] end

local function signIn()
  if #queues == 0 then queues = call('SMEMBERS', B .. ':am:' .. a) end
  for _, q in ipairs(queues) do
    if call('SISMEMBER', B .. ':am:' .. a, q) == 0 then return 'forbidden' end
  end
  if #queues == 0 then return 'forbidden' end
  for _, q in ipairs(queues) do
    call('SADD', B .. ':as:' .. a, q)
    if h[3] ~= 'paused' then setOnline(a, q, true) end
  end
  if h[3] ~= 'paused' then setStatus(a, 'on', '') end
  tellAgentChanged(a)
  freeAgent(a)
end

local function signOut()
  if #queues == 0 then queues = call('SMEMBERS', B .. ':as:' .. a) end
  local leaves = {}
  for _, q in ipairs(queues) do
    leaves[q] = true
    call('SREM', B .. ':as:' .. a, q)
    call('ZREM', B .. ':r:' .. q, a)
    setOnline(a, q, false)
  end
  if call('SCARD', B .. ':as:' .. a) == 0 then call('HSET', B .. ':a:' .. a, 'st', 'out', 'why', '', 'since', now) end
  for _, i in ipairs(call('HKEYS', B .. ':ao:' .. a)) do
    if leaves[call('HGET', B .. ':i:' .. i, 'q')] then
      returnOffer(i, 'withdrawn')
      matchInteraction(i)
    end
  end
  tellAgentChanged(a)
  for q in pairs(leaves) do emit('agent.changed', acc, { a = a, status = 'out', reason = '' }, { q = q, figures = true }) end
end

if what == 'sign_in' then
  local no = signIn()
  if no then return { no } end
elseif what == 'sign_out' then
  signOut()
else
  if h[3] ~= 'on' and h[3] ~= 'paused' then return { 'not_signed_in' } end
  if what == 'pause' then
    setStatus(a, 'paused', ARGV[8])
    releaseWork(a, 'paused', false)
    tellAgentChanged(a)
  else
    call('HSET', B .. ':a:' .. a, 'missed', 0)
    setStatus(a, 'on', '')
    tellAgentChanged(a)
    freeAgent(a)
  end
end
keepResult(ARGV[9], '1')
return { 'ok', knocks }
