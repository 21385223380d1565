-- endings: how an interaction ends, with its owner's wrap-up, and how what an agent holds is given back. Needs lifecycle.

local CLOSED_KEPT_SEC = 900
-- Nobody can have a feed of it open that has to be resumed: no client was ever connected.
local UNWATCHED_KEPT_SEC = 60
local CONTACT_KEPT_SEC = 86400

-- Frees what the agent held for the interaction.
local function disown(i, q, a)
  call('ZREM', B .. ':ai:' .. a, i)
  changeLoad(a, q, fields(i, 'ch')[1] or 'chat', -1)
end

-- The keys of a closed interaction stay a while for late readers, then leave by themselves.
local function expireInteraction(i, isUnwatched)
  flush(rowOf(i))
  if isUnwatched then
    call('EXPIRE', B .. ':i:' .. i, UNWATCHED_KEPT_SEC)
    call('EXPIRE', B .. ':f:conversation:' .. i, UNWATCHED_KEPT_SEC)
    call('EXPIRE', B .. ':dd:' .. i, UNWATCHED_KEPT_SEC)
    if number(fields(i, 'off')[1]) > 256 then call('EXPIRE', B .. ':de:' .. i, UNWATCHED_KEPT_SEC) end
    return
  end
  for _, key in ipairs({ ':i:', ':f:conversation:', ':dd:', ':de:', ':ic:' }) do call('EXPIRE', B .. key .. i, CLOSED_KEPT_SEC) end
end

-- All that closing reads, so that one who begins with it reads once.
local CLOSING = { 'acc', 'q', 'st', 'own', 'ch', 'tk', 'off', 'np', 'c', 'sig', 'parts', 'presTok', 'rxD', 'rcD', 'sta', 'sk' }

-- Final: no index, list or deadline names it afterwards. `reason`: served | unanswered | abandoned | rejected | diverted (then `to`). The owner's capacity and
-- offers are the caller's matter.
local function closeInteraction(i, q, a, reason, outcome, note, to)
  local h, c = know(rowOf(i), CLOSING), queueOf(q)
  local state, isUnwatched = h.st, h.np == '1'
  local kind = ''
  if outcome ~= '' then kind = call('HGET', B .. ':qout:' .. q, outcome) or '' end
  if state == 'waiting' then removeWaiting(i, q, h.sig) else call('ZREM', B .. ':qo:' .. q, i) end
  leaveWaiting(i, h.rxD, h.rcD, h.sta, h.sk)
  if h.parts and h.parts ~= '' then
    for _, part in ipairs(cjson.decode(h.parts)) do call('ZREM', B .. ':ap:' .. part[1], i) end
  end
  if h.presTok then clearDeadline('reconnect', i, h.presTok) end
  if state == 'ended' then clearDeadline('autoclose', i, 'x') end
  write(h, 'st', 'closed', 'closed', nowText, 'outcome', outcome)
  -- Whoever was answered once did not give up waiting for an answer.
  if reason == 'abandoned' then
    local waited = fields(i, 'started', 'qs', 'start')
    if (waited[1] or '') == '' then countAbandoned(i, q, now - number(waited[2] or waited[3])) end
  end
  local tell = { i = i, q = q, figures = true }
  local body = told(i, q, a) .. ',"reason":"' .. reason .. '","outcome":' .. quoted(outcome) .. ',"kind":"' .. kind .. '","note":' .. quoted(note)
  if to then body = body .. ',"to":' .. quoted(to) end
  if a ~= '' then
    tell.a = a
    body = body .. ',"ld":"' .. holds(agentOf(a)) .. '"'
    if c.stickyWaitMs > 0 and c.stickyMemoryMs > 0 then call('SET', B .. ':la:' .. h.c, a, 'PX', c.stickyMemoryMs) end
  end
  emit('interaction.closed', h.acc, body .. '}', tell)
  expireInteraction(i, isUnwatched)
  -- Another one may be open, and the list must outlive it.
  if not isUnwatched and call('ZCARD', B .. ':v:' .. h.c) == 1 then call('EXPIRE', B .. ':v:' .. h.c, CONTACT_KEPT_SEC) end
end

-- The owner has done with it: wrap-up if the queue has one, else the next conversation.
local function finishOwner(i, q, a)
  call('ZREM', B .. ':ai:' .. a, i)
  local h, wrapUpMs = fields(i, 'ch', 'tk'), queueOf(q).wrapUpMs
  if wrapUpMs > 0 then
    local till = (now + wrapUpMs) .. ''
    local medium = h[1] or 'chat'
    call('HSET', B .. ':aw:' .. a, i, till .. '|' .. q .. (medium == 'chat' and '' or '|' .. medium))
    setDeadline('wrapup', i, a, till)
    -- Its handle time is counted from what stands there, at the end of the wrap-up; a short one is outlived anyway.
    if wrapUpMs >= UNWATCHED_KEPT_SEC * 500 then call('EXPIRE', B .. ':i:' .. i, math.ceil(wrapUpMs / 1000) + UNWATCHED_KEPT_SEC, 'GT') end
    emit('wrapup.started', agentOf(a).acc, told(i, q, a) .. ',"until":' .. till .. '}', { a = a })
  else
    changeLoad(a, q, h[1] or 'chat', -1)
    if q ~= '' then countHandled(i, q, now - number(h[2])) end
    freeAgent(a)
  end
end

-- The owner's is over, with all that follows for the owner.
local function closeOwned(i, q, a, outcome, note)
  local isAnswered = q ~= '' or (fields(i, 'started')[1] or '') ~= ''
  closeInteraction(i, q, a, isAnswered and 'served' or 'unanswered', outcome, note)
  if a ~= '' then finishOwner(i, q, a) end
end

-- When, for which queue and of which medium: nil when there is none.
local function readWrapUp(i, a)
  local entry = call('HGET', B .. ':aw:' .. a, i)
  if not entry then return nil end
  local till, q, medium = string.match(entry, '^(%d+)|([^|]+)|?(%a*)$')
  return number(till), q, medium == '' and 'chat' or medium
end

local function endWrapUp(i, a, how)
  local till, q, medium = readWrapUp(i, a)
  if not till then return false end
  call('HDEL', B .. ':aw:' .. a, i)
  clearDeadline('wrapup', i, a)
  changeLoad(a, q, medium, -1)
  local taken = fields(i, 'tk')[1]
  if taken then countHandled(i, q, now - number(taken)) end
  emit('wrapup.ended', agentOf(a).acc, told(i, q, a) .. ',"how":"' .. how .. '","ld":"' .. holds(agentOf(a)) .. '"}', { a = a })
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
  writeInteraction(i, 'parts', #kept > 0 and cjson.encode(kept) or '')
  emit('participant.left', h[1], { i = i, q = h[2], a = a, n = name }, { i = i, a = a, q = h[2], row = h[3] })
  return true
end

-- The conversation is over; where it has a queue, the owner still has to close it.
local function endConversation(i, by, reason, a, name)
  local h = fields(i, 'acc', 'q', 'own')
  local q = h[2]
  writeInteraction(i, 'st', 'ended', 'ended', now, 'endBy', by, 'endWhy', reason, 'una', '')
  emit('interaction.ended', h[1], { i = i, q = q, by = by, reason = reason, a = a, n = name }, { i = i, a = h[3], q = q })
  -- A call that its agent placed has no queue that asks for anything more.
  if q == '' then return closeOwned(i, q, h[3], '', '') end
  local autoCloseMs = number(call('HGET', B .. ':q:' .. q, 'ac'))
  if autoCloseMs > 0 then setDeadline('autoclose', i, 'x', now + autoCloseMs) end
end

-- Closes what nobody owns; whoever it was offered to gets the next.
local function closeUnowned(i, reason, outcome, note, to)
  local h = fields(i, 'q', 'st', 'oa', 'tok', 'ch')
  local silenced = {}
  if h[2] == 'offered' then
    clearDeadline('offer', i, h[4])
    silenced = silenceOthers(i, queueOf(h[1]), h[3], h[4], h[5] or 'chat', nil, 'withdrawn')
  end
  closeInteraction(i, h[1], '', reason, outcome, note, to)
  for _, a in ipairs(silenced) do freeAgent(a) end
end

-- Nobody owns it and the client is gone or gave up.
local function abandon(i) closeUnowned(i, 'abandoned', '', '') end

-- Gives back everything the agent holds and is not there to do: offers of queues for which it is not there, and with `all` the conversations too. What is
-- more than one script should do is given back by others, while the agent is away.   @return whether nothing is left
local function releaseWork(a, reason, all)
  local freed, isDone = {}, true
  for _, i in ipairs(call('HKEYS', B .. ':ao:' .. a)) do
    if not isThereFor(agentOf(a), fields(i, 'q')[1]) then
      isDone = work < ENOUGH
      if not isDone then break end
      returnOffer(i, 'withdrawn', a)
      freed[#freed + 1] = i
    end
  end
  for _, i in ipairs(all and isDone and call('ZRANGE', B .. ':ai:' .. a, 0, -1) or {}) do
    local h = fields(i, 'q', 'st', 'own')
    -- A call that the agent placed ends with its phones.
    if h[3] == a and h[2] == 'served' and h[1] ~= '' then
      isDone = work < ENOUGH
      if not isDone then break end
      disown(i, h[1], a)
      requeue(i, h[1], reason, a)
      freed[#freed + 1] = i
    end
  end
  refreshReady(a)
  for _, i in ipairs(freed) do matchInteraction(i) end
  if not isDone then setDeadline('release', a, (all and '1' or '0') .. reason, now) end
  return isDone
end

-- Who is removed gives back what it holds, and what is only to be finished is over; a part of it in a script.
local function removeWork(a)
  if not releaseWork(a, 'agent_removed', true) then return end
  for _, set in ipairs({ 'ai', 'aw', 'ap' }) do
    local key = B .. ':' .. set .. ':' .. a
    for _, i in ipairs(set == 'aw' and call('HKEYS', key) or call('ZRANGE', key, 0, -1)) do
      if work >= ENOUGH then return setDeadline('release', a, '1agent_removed', now) end
      if set == 'ai' then
        local q = fields(i, 'q')[1]
        closeInteraction(i, q, a, 'served', '', '')
        disown(i, q, a)
      elseif set == 'aw' then
        endWrapUp(i, a, 'agent_removed')
      else
        removeParticipant(i, a)
      end
    end
  end
end

-- Goes on with what `releaseWork` left. Who is back meanwhile keeps what it has.
local function releaseOn(a, what)
  local g, all, reason = agentOf(a), string.sub(what, 1, 1) == '1', string.sub(what, 2)
  if not g.isActive then
    removeWork(a)
  else
    releaseWork(a, reason, all and g.st ~= 'on' and g.devices == 0)
  end
end
