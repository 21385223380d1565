-- setAgentState: signs in to and out of queues, pauses, resumes, in all queues or in some; what waits is matched in the same step (RTE-4, RTE-7, ACC-5).
-- ARGV 5 agent 6 account 7 what (sign_in|sign_out|pause|resume, with ! where a supervisor does it) 8 reason 9 command
--      10… queues (none: all assigned, or all signed in)
-- Answers: ok | not_found | forbidden | not_signed_in | wrong_state (in more queues than one can serve, for a time)
-- @include routing
local a, acc, what, reason = ARGV[5], ARGV[6], string.match(ARGV[7], '^[a-z_]+'), ARGV[8]
local isSupervisor = string.sub(ARGV[7], -1) == '!'
local g = agentOf(a)
if g.acc ~= acc then return { 'not_found' } end
if not g.isActive then return { 'forbidden' } end
if firstResult(ARGV[9]) then return { 'ok', knocks } end

local named = {}
for k = 10, #ARGV do named[#named + 1] = ARGV[k] end
-- What a script does for an agent grows with the queues it serves; the API assigns no more either (src/routing/members.ts).
local MOST_QUEUES = 50

local function signIn()
  local assigned = {}
  for _, q in ipairs(call('SMEMBERS', B .. ':am:' .. a)) do assigned[q] = true end
  if #named == 0 then for q in pairs(assigned) do named[#named + 1] = q end end
  if #named == 0 then return 'forbidden' end
  for _, q in ipairs(named) do
    if not assigned[q] then
      local c = queueOf(q)
      if c.acc ~= acc or not isServing(c) then return 'not_found' end
      local isLet = isSupervisor or call('SISMEMBER', B .. ':at:' .. a, q) == 1 or call('HGET', B .. ':acct:' .. acc, 'tsi') == '1'
      if not isLet then return 'forbidden' end
    end
  end
  local count, isVisit = call('SCARD', B .. ':as:' .. a), false
  for _, q in ipairs(named) do
    if call('SISMEMBER', B .. ':as:' .. a, q) == 0 then
      count = count + 1
      isVisit = isVisit or not assigned[q]
    end
  end
  if isVisit and count > MOST_QUEUES then return 'wrong_state' end
  call('SADD', B .. ':as:' .. a, unpack(named))
  for _, q in ipairs(named) do
    if not assigned[q] then call('SADD', B .. ':at:' .. a, q) end
  end
  g.queues = nil
  if g.st == 'out' then setStatus(a, 'on', '') else setStatus(a, g.st, g.why) end
  tellAgentChanged(a)
  freeAgent(a)
end

local function signOut()
  local left = signedInTo(g)
  if #named > 0 then
    -- Others, perhaps another account's, are no business of this one.
    left = {}
    for _, q in ipairs(named) do
      if call('SISMEMBER', B .. ':as:' .. a, q) == 1 then left[#left + 1] = q end
    end
  end
  if #left > 0 then
    call('SREM', B .. ':as:' .. a, unpack(left))
    call('SREM', B .. ':at:' .. a, unpack(left))
  end
  for _, q in ipairs(left) do
    call('ZREM', B .. ':r:' .. q, a)
    for medium in string.gmatch(queueOf(q).others, '%a+') do call('ZREM', readyKey(queueOf(q), medium), a) end
    setOnline(a, q, false, false)
    resumeIn(g, q)
  end
  g.queues = nil
  if #signedInTo(g) == 0 then setStatus(a, 'out', '') end
  releaseWork(a, 'signed_out', false)
  releaseKept(a, '0')
  tellAgentChanged(a, left)
  -- The offers it gave back make room for what waits in its other queues.
  freeAgent(a)
end

local function pauseSome()
  for _, q in ipairs(named) do
    if call('SISMEMBER', B .. ':as:' .. a, q) == 0 then return 'not_signed_in' end
  end
  for _, q in ipairs(named) do
    pauseIn(g, q, reason)
    if g.st == 'on' then setOnline(a, q, false, true) end
  end
  releaseWork(a, 'paused', false)
  releaseKept(a, '0')
  freeAgent(a)
end

local no
if what == 'sign_in' then
  no = signIn()
elseif what == 'sign_out' then
  signOut()
elseif g.st == 'out' then
  no = 'not_signed_in'
elseif what == 'pause' then
  if #named > 0 then
    no = pauseSome()
  else
    setStatus(a, 'paused', reason)
    releaseWork(a, 'paused', false)
    releaseKept(a, '0')
  end
  if not no then tellAgentChanged(a) end
else
  writeAgent(a, 'missed', 0)
  for _, q in ipairs(#named > 0 and named or signedInTo(g)) do resumeIn(g, q) end
  if #named == 0 then setStatus(a, 'on', '') else setStatus(a, g.st, g.why) end
  tellAgentChanged(a)
  freeAgent(a)
end
if no then return { no } end
expectDevice(g)
keepResult(ARGV[9], '1')
return { 'ok', knocks }
