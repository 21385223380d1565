-- timers: what a deadline does when it fires. Needs presence.

-- The offer was not answered in time (RTE-6).
local function offerExpired(i, tok)
  local h = fields(i, 'st', 'tok')
  if h[1] ~= 'offered' or h[2] ~= tok then return false end
  local q, a = returnOffer(i, 'expired')
  local missed = call('HINCRBY', B .. ':a:' .. a, 'missed', 1)
  local most = number(call('HGET', B .. ':q:' .. q, 'mm'))
  if most > 0 and missed >= most then
    call('HSET', B .. ':a:' .. a, 'missed', 0)
    setStatus(a, 'paused', 'no_answer')
    releaseWork(a, 'no_answer', false)
    tellAgentChanged(a)
  end
  matchInteraction(i)
  matchAgent(a)
  return true
end

local function autoClose(i)
  local h = fields(i, 'st', 'q', 'own')
  if h[1] ~= 'ended' then return false end
  closeInteraction(i, h[2], h[3], 'served', call('HGET', B .. ':q:' .. h[2], 'aco') or '', '')
  if h[3] ~= '' then finishOwner(i, h[2], h[3]) end
  return true
end

-- A knock or a sweep of one deadline. Early, late, twice or with an old token: nothing happens.
local function fire(member)
  local kind, id, tok = string.match(member, '^(%a+)|([^|]+)|(.*)$')
  local set = B .. (kind == 'offer' and ':due:offer' or ':due:knock')
  local due = call('ZSCORE', set, member)
  if not due or number(due) > now then return false end
  call('ZREM', set, member)
  keepClock()
  if kind == 'offer' then return offerExpired(id, tok) end
  if kind == 'wrapup' then return endWrapUp(id, tok, 'time') end
  if kind == 'reconnect' then return windowRanOut(id, tok) end
  if kind == 'agentlost' then return agentLost(id, tok) end
  if kind == 'autoclose' then return autoClose(id) end
  if kind == 'match' then
    freeAgent(id)
    return true
  end
  if kind == 'refresh' then
    refreshQueue(id, tok)
    return true
  end
  return false
end
