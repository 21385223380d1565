-- agents: who is ready for which queue. Needs base.
--
-- a:<agent>   acc n(ame) act cap(acity) load st(out|on|paused) why since dv(live devices) freed missed off lostTok
-- as:<agent>  queues signed in to        am:<agent>  queues assigned        al:<agent>  load by queue
-- ao:<agent>  offers: interaction → token       ai:<agent>  owned interactions     aw:<agent>  wrap-ups: interaction → until|queue
-- on:<queue>  agents signed in and not paused   r:<queue>  agents with free capacity, best first by the queue's mode
-- t:<queue>:<day>  conversations given per agent today

local DAY_MS = 86400000

local function agentFields(a, ...) return call('HMGET', B .. ':a:' .. a, ...) end

-- Puts the agent into, or takes it out of, the ready set of each queue it is signed in to.
local function refreshReady(a)
  local h = agentFields(a, 'st', 'act', 'dv', 'load', 'cap', 'freed')
  local isFree = h[1] == 'on' and h[2] == '1' and number(h[3]) > 0 and number(h[4]) < number(h[5])
  for _, q in ipairs(call('SMEMBERS', B .. ':as:' .. a)) do
    local c = call('HMGET', B .. ':q:' .. q, 'act', 'lim', 'mode')
    local isReady = isFree and c[1] == '1'
    if isReady and number(c[2]) > 0 then isReady = number(call('HGET', B .. ':al:' .. a, q)) < number(c[2]) end
    if isReady then
      local score
      if c[3] == 'random' then
        score = number(call('HGET', B .. ':t:' .. q .. ':' .. math.floor(now / DAY_MS), a))
      else
        -- Fewest open conversations first, then longest free; 2^42 ms leaves room for both in a double.
        score = number(h[4]) * 4398046511104 + number(h[6])
      end
      call('ZADD', B .. ':r:' .. q, score, a)
    else
      call('ZREM', B .. ':r:' .. q, a)
    end
  end
end

-- Counts one more (or less) conversation on the agent.
local function changeLoad(a, q, by)
  call('HINCRBY', B .. ':a:' .. a, 'load', by)
  if call('HINCRBY', B .. ':al:' .. a, q, by) <= 0 then call('HDEL', B .. ':al:' .. a, q) end
  if by < 0 then call('HSET', B .. ':a:' .. a, 'freed', now) end
end

-- Whether the agent may take one more from the queue. @return nil, or the code that refuses
local function refusal(a, q)
  local h = agentFields(a, 'st', 'act', 'load', 'cap')
  if h[2] ~= '1' then return 'forbidden' end
  if h[1] == 'out' or not h[1] or call('SISMEMBER', B .. ':as:' .. a, q) == 0 then return 'not_signed_in' end
  local limit = number(call('HGET', B .. ':q:' .. q, 'lim'))
  if number(h[3]) >= number(h[4]) or (limit > 0 and number(call('HGET', B .. ':al:' .. a, q)) >= limit) then return 'at_capacity' end
  return nil
end

local function setOnline(a, q, isOnline)
  call(isOnline and 'SADD' or 'SREM', B .. ':on:' .. q, a)
end

-- Tells the agent's devices and the overview of its queues that its state changed.
local function tellAgentChanged(a)
  local h = agentFields(a, 'acc', 'st', 'why')
  local queues = call('SMEMBERS', B .. ':as:' .. a)
  local body = { a = a, status = h[2] or 'out', reason = h[3] or '' }
  emit('agent.changed', h[1], body, { a = a })
  for _, q in ipairs(queues) do
    emit('agent.changed', h[1], { a = a, status = h[2] or 'out', reason = h[3] or '' }, { q = q, figures = true })
  end
end

local function setStatus(a, status, why)
  call('HSET', B .. ':a:' .. a, 'st', status, 'why', why, 'since', now)
  for _, q in ipairs(call('SMEMBERS', B .. ':as:' .. a)) do setOnline(a, q, status == 'on') end
end
