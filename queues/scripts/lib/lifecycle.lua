-- lifecycle: the life of an interaction. Needs base and agents.
--
-- i:<interaction>  acc q g c(ontact) cn em lg pg ua ch or st start score created started ended endBy endWhy closed outcome rating
--                  own ownN off unread rc rs lm una pres presUntil presTok tok oa due missed parts
-- w:<queue>   waiting, by static score: virtual start − priority × weight, so ageing needs no rewriting (RTE-1)
-- qo:<queue>  offered, served or ended and not closed yet, by time
-- States: waiting → offered → served → ended → closed; offered and served go back to waiting with the same score.

local CLOSED_KEPT_SEC = 900
local CONTACT_KEPT_SEC = 86400
local OFFERED_AT_ONCE = 10

local function fields(i, ...) return call('HMGET', B .. ':i:' .. i, ...) end

local function contains(list, item) return list and string.find(',' .. list .. ',', ',' .. item .. ',', 1, true) ~= nil end

local takeInteraction

-- Ends an offer, whatever becomes of the interaction. The reserved capacity goes back.
local function dropOffer(i, q, a, tok, reason)
  clearDeadline('offer', i, tok)
  call('HDEL', B .. ':ao:' .. a, i)
  changeLoad(a, q, -1)
  emit('offer.gone', call('HGET', B .. ':i:' .. i, 'acc'), { i = i, q = q, a = a, tok = tok, reason = reason }, { a = a, q = q })
end

local function offerTo(i, q, a)
  local c = call('HMGET', B .. ':q:' .. q, 'auto', 'ot', 'acc')
  call('ZREM', B .. ':w:' .. q, i)
  if c[1] == '1' then
    changeLoad(a, q, 1)
    takeInteraction(i, q, a, 'auto')
    return
  end
  local n = call('HINCRBY', B .. ':i:' .. i, 'tokN', 1)
  local tok, due = chance .. n, now + number(c[2])
  call('HSET', B .. ':i:' .. i, 'st', 'offered', 'oa', a, 'tok', tok, 'due', due)
  call('ZADD', B .. ':qo:' .. q, now, i)
  call('HSET', B .. ':ao:' .. a, i, tok)
  changeLoad(a, q, 1)
  setDeadline('offer', i, tok, due)
  emit('offer.made', c[3], { i = i, q = q, a = a, tok = tok, due = due }, { a = a, q = q, figures = true })
  refreshReady(a)
end

-- The agent becomes the owner. Its load was counted by the caller (offer, claim or auto).
takeInteraction = function(i, q, a, via)
  local h = fields(i, 'acc', 'started', 'parts')
  local name = call('HGET', B .. ':a:' .. a, 'n') or ''
  call('ZREM', B .. ':w:' .. q, i)
  call('ZADD', B .. ':qo:' .. q, now, i)
  call('HSET', B .. ':i:' .. i, 'st', 'served', 'own', a, 'ownN', name, 'oa', '', 'missed', '', 'started', h[2] and h[2] ~= '' and h[2] or now)
  call('HDEL', B .. ':ao:' .. a, i)
  call('ZADD', B .. ':ai:' .. a, now, i)
  call('HSET', B .. ':a:' .. a, 'missed', 0)
  local totals = B .. ':t:' .. q .. ':' .. math.floor(now / DAY_MS)
  call('HINCRBY', totals, a, 1)
  call('EXPIRE', totals, 172800)
  emit('interaction.taken', h[1], { i = i, q = q, a = a, n = name, via = via }, { i = i, a = a, q = q, figures = true })
  refreshReady(a)
end

-- Offers a waiting interaction of an automatic queue to the best ready agent. Those who missed it come last.
local function matchInteraction(i)
  local h = fields(i, 'q', 'st', 'missed')
  if h[2] ~= 'waiting' then return end
  local q = h[1]
  local mode = call('HGET', B .. ':q:' .. q, 'mode')
  if mode ~= 'random' and mode ~= 'balanced' then return end
  local ready
  if mode == 'random' then
    -- A draw among those whose total of today is within one per twenty of the lowest (RTE-2).
    local lowest = call('ZRANGE', B .. ':r:' .. q, 0, 0, 'WITHSCORES')
    if not lowest[1] then return end
    local reach = math.floor(number(lowest[2]) / 20)
    ready = call('ZRANGEBYSCORE', B .. ':r:' .. q, lowest[2], number(lowest[2]) + reach, 'LIMIT', 0, 50)
    local sum = 0
    for k = 1, #chance do sum = (sum * 31 + string.byte(chance, k)) % 1000003 end
    local first = sum % #ready
    local turned = {}
    for k = 0, #ready - 1 do turned[k + 1] = ready[(first + k) % #ready + 1] end
    ready = turned
    if h[3] and h[3] ~= '' then
      for _, a in ipairs(call('ZRANGE', B .. ':r:' .. q, 0, 49)) do ready[#ready + 1] = a end
    end
  else
    ready = call('ZRANGE', B .. ':r:' .. q, 0, 49)
  end
  for _, a in ipairs(ready) do
    if not contains(h[3], a) then return offerTo(i, q, a) end
  end
  if ready[1] then
    call('HSET', B .. ':i:' .. i, 'missed', '')
    offerTo(i, q, ready[1])
  end
end

-- The agent has free capacity: give it what waits best over all its automatic queues, until it is full. After ten the script ends and a
-- deadline that is due at once goes on, so that no script is long.
local function matchAgent(a)
  for _ = 1, OFFERED_AT_ONCE do
    local best, bestScore, bestQueue, missedBest, missedScore, missedQueue
    for _, q in ipairs(call('SMEMBERS', B .. ':as:' .. a)) do
      local mode = call('HGET', B .. ':q:' .. q, 'mode')
      if (mode == 'random' or mode == 'balanced') and call('ZSCORE', B .. ':r:' .. q, a) then
        local heads = call('ZRANGE', B .. ':w:' .. q, 0, 4, 'WITHSCORES')
        for k = 1, #heads, 2 do
          local score = number(heads[k + 1])
          if contains(call('HGET', B .. ':i:' .. heads[k], 'missed'), a) then
            if not missedScore or score < missedScore then missedBest, missedScore, missedQueue = heads[k], score, q end
          else
            if not bestScore or score < bestScore then best, bestScore, bestQueue = heads[k], score, q end
            break
          end
        end
      end
    end
    if best then
      offerTo(best, bestQueue, a)
    elseif missedBest then
      offerTo(missedBest, missedQueue, a)
    else
      return
    end
  end
  setDeadline('match', a, 'x', now)
end

-- Something of the agent's capacity came free.
local function freeAgent(a)
  refreshReady(a)
  matchAgent(a)
end

-- The queue's settings changed: its agents are put in order again and given what waits, a part of them at a time.
local function refreshQueue(q, cursor)
  local scanned = call('SSCAN', B .. ':on:' .. q, cursor, 'COUNT', 50)
  for _, a in ipairs(scanned[2]) do freeAgent(a) end
  if scanned[1] ~= '0' then setDeadline('refresh', q, scanned[1], now) end
end

-- Back to the queue with the place it had; the next match is made at once.
local function requeue(i, q, reason, formerOwner)
  local h = fields(i, 'acc', 'score')
  call('ZREM', B .. ':qo:' .. q, i)
  call('HSET', B .. ':i:' .. i, 'st', 'waiting', 'own', '', 'ownN', '', 'oa', '', 'tok', '')
  call('ZADD', B .. ':w:' .. q, h[2], i)
  if formerOwner then
    call('ZREM', B .. ':ai:' .. formerOwner, i)
    emit('interaction.requeued', h[1], { i = i, q = q, a = formerOwner, reason = reason }, { i = i, a = formerOwner, q = q, figures = true })
  else
    emit('interaction.queued', h[1], { i = i, q = q, reason = reason }, { q = q, figures = true })
  end
end

-- An offer that did not become an acceptance: the interaction waits again and goes to the next agent.
local function returnOffer(i, reason)
  local h = fields(i, 'q', 'oa', 'tok', 'missed')
  local q, a = h[1], h[2]
  dropOffer(i, q, a, h[3], reason)
  local missed = h[4] and h[4] ~= '' and (h[4] .. ',' .. a) or a
  call('HSET', B .. ':i:' .. i, 'missed', missed)
  requeue(i, q, 'offer_' .. reason, nil)
  refreshReady(a)
  return q, a
end

-- Frees what the agent held for the interaction.
local function disown(i, q, a)
  call('ZREM', B .. ':ai:' .. a, i)
  changeLoad(a, q, -1)
end

-- The keys of a closed interaction stay a while for late readers, then leave by themselves.
local function expireInteraction(i)
  for _, key in ipairs({ ':i:', ':f:conversation:', ':dd:', ':de:', ':ic:' }) do call('EXPIRE', B .. key .. i, CLOSED_KEPT_SEC) end
end

-- Final: no index, list or deadline names it afterwards. `reason`: served | abandoned | rejected. The owner's capacity is the caller's matter.
local function closeInteraction(i, q, a, reason, outcome, note)
  local h = fields(i, 'acc', 'parts', 'presTok', 'c')
  local acc = h[1]
  local kind = ''
  if outcome ~= '' then kind = call('HGET', B .. ':qout:' .. q, outcome) or '' end
  call('ZREM', B .. ':w:' .. q, i)
  call('ZREM', B .. ':qo:' .. q, i)
  if h[2] and h[2] ~= '' then
    for _, part in ipairs(cjson.decode(h[2])) do call('ZREM', B .. ':ap:' .. part[1], i) end
  end
  if h[3] then clearDeadline('reconnect', i, h[3]) end
  clearDeadline('autoclose', i, 'x')
  call('HSET', B .. ':i:' .. i, 'st', 'closed', 'closed', now, 'outcome', outcome)
  local to = { i = i, q = q, figures = true }
  if a ~= '' then to.a = a end
  emit('interaction.closed', acc, { i = i, q = q, a = a, reason = reason, outcome = outcome, kind = kind, note = note }, to)
  expireInteraction(i)
  call('EXPIRE', B .. ':v:' .. h[4], CONTACT_KEPT_SEC)
end

-- The owner has done with it: wrap-up if the queue has one, else the next conversation.
local function finishOwner(i, q, a)
  call('ZREM', B .. ':ai:' .. a, i)
  local wrapUpMs = number(call('HGET', B .. ':q:' .. q, 'wu'))
  if wrapUpMs > 0 then
    local till = now + wrapUpMs
    call('HSET', B .. ':aw:' .. a, i, till .. '|' .. q)
    setDeadline('wrapup', i, a, till)
    emit('wrapup.started', call('HGET', B .. ':a:' .. a, 'acc'), { i = i, q = q, a = a, ['until'] = till }, { a = a })
  else
    changeLoad(a, q, -1)
    freeAgent(a)
  end
end

local function endWrapUp(i, a, how)
  local entry = call('HGET', B .. ':aw:' .. a, i)
  if not entry then return false end
  local q = string.sub(entry, string.find(entry, '|', 1, true) + 1)
  call('HDEL', B .. ':aw:' .. a, i)
  clearDeadline('wrapup', i, a)
  changeLoad(a, q, -1)
  emit('wrapup.ended', call('HGET', B .. ':a:' .. a, 'acc'), { i = i, q = q, a = a, how = how }, { a = a })
  freeAgent(a)
  return true
end

-- An invited agent goes. @return whether it was there
local function removeParticipant(i, a)
  local h = fields(i, 'acc', 'q', 'own', 'parts')
  local kept, name = {}, nil
  for _, part in ipairs(h[4] and h[4] ~= '' and cjson.decode(h[4]) or {}) do
    if part[1] == a then name = part[2] else kept[#kept + 1] = part end
  end
  call('ZREM', B .. ':ap:' .. a, i)
  if not name then return false end
  call('HSET', B .. ':i:' .. i, 'parts', #kept > 0 and cjson.encode(kept) or '')
  emit('participant.left', h[1], { i = i, q = h[2], a = a, n = name }, { i = i, a = a, q = h[2], row = h[3] })
  return true
end

-- The conversation is over, the owner still has to close it.
local function endConversation(i, by, reason, a, name)
  local h = fields(i, 'acc', 'q', 'own')
  local q = h[2]
  call('HSET', B .. ':i:' .. i, 'st', 'ended', 'ended', now, 'endBy', by, 'endWhy', reason, 'una', '')
  emit('interaction.ended', h[1], { i = i, q = q, by = by, reason = reason, a = a, n = name }, { i = i, a = h[3], q = q })
  local c = call('HMGET', B .. ':q:' .. q, 'ac')
  if number(c[1]) > 0 then setDeadline('autoclose', i, 'x', now + number(c[1])) end
end

-- Nobody owns it and the client is gone or gave up.
local function abandon(i)
  local h = fields(i, 'q', 'st', 'oa', 'tok')
  if h[2] == 'offered' then
    dropOffer(i, h[1], h[3], h[4], 'withdrawn')
    closeInteraction(i, h[1], '', 'abandoned', '', '')
    freeAgent(h[3])
  else
    closeInteraction(i, h[1], '', 'abandoned', '', '')
  end
end

-- Gives back everything the agent holds and is not there to do: open offers, and with `all` the conversations too.
local function releaseWork(a, reason, all)
  local freed = {}
  local offers = call('HKEYS', B .. ':ao:' .. a)
  for _, i in ipairs(offers) do
    returnOffer(i, 'withdrawn')
    freed[#freed + 1] = i
  end
  if all then
    for _, i in ipairs(call('ZRANGE', B .. ':ai:' .. a, 0, 99)) do
      local h = fields(i, 'q', 'st', 'own')
      if h[3] == a and h[2] == 'served' then
        disown(i, h[1], a)
        requeue(i, h[1], reason, a)
        freed[#freed + 1] = i
      end
    end
  end
  refreshReady(a)
  for _, i in ipairs(freed) do matchInteraction(i) end
end
