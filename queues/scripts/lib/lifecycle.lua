-- lifecycle: the life of an interaction. Needs matching.
--
-- i:<interaction>  acc q g c(ontact) cn em lg pg ua ch(medium) or st start score created started tk ended endBy endWhy closed outcome rating
--                  own ownN off unread rc rs lm una pres presUntil presTok np tok tokN oa due missed parts
--                  pri (its own priority) req (needs of its own) need0 (with the queue's) need (now) pref sig qs (in this queue since)
--                  rxN rxD relaxation: steps done, token of the deadline     rcN rcD rcR recipe: likewise, steps run     vq queues left by a recipe
--                  sta stu kept for this agent until (em lg pg ua only where there is something to say)
-- qo:<queue>  offered, served or ended and not closed yet, by time      rg:<queue>  ringing at several, with room for more, by score
-- la:<contact>  agent who served it last      sti:<agent>  waiting interactions kept for the agent
-- States: waiting → offered → served → ended → closed; offered and served go back to waiting with the same score.

local CLOSED_KEPT_SEC = 900
-- Nobody can have a feed of it open that has to be resumed: no client was ever connected.
local UNWATCHED_KEPT_SEC = 60
local CONTACT_KEPT_SEC = 86400
local OFFERED_AT_ONCE = 10

local takeInteraction, matchInteraction, matchAgent, leaveWaiting, resumeWaiting

-- How the JSON of the events begins that are hot, as text: a table costs three times as much. Ids and our own words need no escaping.
local function told(i, q, a) return '{"i":"' .. i .. '","q":"' .. q .. '","a":"' .. a .. '"' end

local function whyText(why)
  local x = ''
  for reason, count in pairs(why.x) do x = x .. (x == '' and '"' or ',"') .. reason .. '":' .. count end
  return '{"by":"' .. why.by .. '","k":"' .. why.k .. '","v":' .. why.v .. ',"r":"' .. why.r .. '","rv":' .. why.rv .. ',"n":' .. why.n .. ',"x":{' .. x .. '}}'
end

-- Ends an offer, whatever becomes of the interaction. The reserved capacity goes back.
local function dropOffer(i, c, a, tok, reason, medium)
  call('HDEL', B .. ':ao:' .. a, i)
  changeLoad(a, c.id, medium, -1)
  emit('offer.gone', c.acc, told(i, c.id, a) .. ',"tok":"' .. tok .. '","reason":"' .. reason .. '","ld":"' .. holds(agentOf(a)) .. '"}', { a = a, q = c.id })
end

-- What the view of an interaction is made from, in the order of queues/rowText.ts: first what one that is offered shows.
local VIEW = {
  'acc', 'q', 'g', 'st', 'ch', 'pri', 'need', 'c', 'cn', 'pres', 'presUntil', 'parts', 'created', 'started', 'lg', 'pg', 'ua', 'lm', 'unread', 'rc', 'rs',
  'una', 'off', 'own', 'ownN', 'oa', 'tok', 'due', 'ended', 'endBy', 'closed', 'outcome', 'rating',
}
local OFFERED_VIEW = {}
for k = 1, 23 do OFFERED_VIEW[k] = VIEW[k] end
local shown = {}
-- One text costs Redis a third of what a list of fields and values does, which grows in Lua and is written out one by one.
local function rowText(i, names)
  local row = know(rowOf(i), names)
  for k = 1, #names do shown[k] = row[names[k]] or '' end
  return table.concat(shown, '\31', 1, #names)
end
local function viewText(i) return rowText(i, VIEW) end

-- One agent is rung. Everything about the interaction itself was written by the caller.
local function ringAgent(i, c, g, tok, due, medium, why)
  call('HSET', B .. ':ao:' .. g.id, i, tok)
  changeLoad(g.id, c.id, medium, 1)
  if c.mode == 'round_robin' then call('HSET', B .. ':rr:' .. c.id, g.id, call('HINCRBY', B .. ':q:' .. c.id, 'turn', 1)) end
  local body = told(i, c.id, g.id) .. ',"tok":"' .. tok .. '","due":' .. due .. ',"why":' .. whyText(why) .. ',"ld":"' .. holds(g) .. '"}'
  emit('offer.made', c.acc, body, { a = g.id, q = c.id, figures = true, shown = rowText(i, OFFERED_VIEW) })
  -- Who carries the call and made the match rings without waiting for the log, nor asking where.
  if medium == 'voice' and g.hasPhone then
    local bound, others = phones.ways(g)
    local n = #knocks
    knocks[n + 1], knocks[n + 2] = 'offer', { i, g.id, tok, due, c.acc, g.name, bound, others }
  end
  refreshReady(g.id)
end

-- Offers a waiting interaction to the chosen agents, all under one token; in queues that give without asking the first has it at once.
-- h: medium sig score isNewRound
local function offerTo(i, c, h, chosen, why)
  removeWaiting(i, c.id, h.sig)
  if c.isAuto then
    changeLoad(chosen[1].id, c.id, h.medium, 1)
    if c.mode == 'round_robin' then call('HSET', B .. ':rr:' .. c.id, chosen[1].id, call('HINCRBY', B .. ':q:' .. c.id, 'turn', 1)) end
    takeInteraction(i, c.id, chosen[1].id, 'auto', why)
    return
  end
  local tok, due = chance .. addTo(rowOf(i), 'tokN', 1), (now + c.offerMs) .. ''
  local named = {}
  for k, g in ipairs(chosen) do named[k] = g.id end
  writeInteraction(i, 'st', 'offered', 'oa', table.concat(named, ','), 'tok', tok, 'due', due)
  if h.isNewRound then writeInteraction(i, 'missed', '') end
  call('ZADD', B .. ':qo:' .. c.id, nowText, i)
  setDeadline('offer', i, tok, due)
  if c.mode == 'ring_all' and #chosen < c.ringMax then call('ZADD', B .. ':rg:' .. c.id, h.score, i) end
  for _, g in ipairs(chosen) do ringAgent(i, c, g, tok, due, h.medium, why) end
end

-- An agent who came free is rung as well.
local function joinRing(i, c, g, why)
  local h = fields(i, 'oa', 'tok', 'due', 'ch')
  local count = 1
  for _ in string.gmatch(h[1], '[^,]+') do count = count + 1 end
  writeInteraction(i, 'oa', h[1] .. ',' .. g.id)
  if count >= c.ringMax then call('ZREM', B .. ':rg:' .. c.id, i) end
  why.k = 'ring'
  ringAgent(i, c, g, h[2], number(h[3]), h[4] or 'chat', why)
end

-- All who are rung but `except` hear that it is over. @return those who came free by it
local function silenceOthers(i, c, offered, tok, medium, except, reason)
  local silenced = {}
  for a in string.gmatch(offered or '', '[^,]+') do
    if a ~= except then
      dropOffer(i, c, a, tok, reason, medium)
      silenced[#silenced + 1] = a
    end
  end
  if c.mode == 'ring_all' then call('ZREM', B .. ':rg:' .. c.id, i) end
  return silenced
end

local TAKING = { 'acc', 'started', 'qs', 'start', 'rxD', 'rcD', 'sta', 'ew', 'er', 'off', 'parts' }
-- All that accepting reads, and answers with, in one go.
local ACCEPTING = {}
for k = 1, #TAKING do ACCEPTING[k] = TAKING[k] end
for k = 1, #VIEW do ACCEPTING[#TAKING + k] = VIEW[k] end
-- The agent becomes the owner. Its load was counted by the caller (offer, claim or auto). `sig` where it still stands in the index.
takeInteraction = function(i, q, a, via, why)
  local h, g = know(rowOf(i), TAKING), agentOf(a)
  local isFirst = (h.started or '') == ''
  leaveWaiting(i, h.rxD, h.rcD, h.sta)
  -- One who was invited is so no more.
  local parts = h.parts
  if parts and string.find(parts, '"' .. a .. '"', 1, true) then
    local kept = {}
    for _, part in ipairs(cjson.decode(parts)) do if part[1] ~= a then kept[#kept + 1] = part end end
    writeInteraction(i, 'parts', #kept > 0 and cjson.encode(kept) or '')
    call('ZREM', B .. ':ap:' .. a, i)
  end
  call('ZADD', B .. ':qo:' .. q, nowText, i)
  write(h, 'st', 'served', 'own', a, 'ownN', g.name, 'oa', '', 'missed', '', 'tk', nowText, 'started', isFirst and nowText or h.started)
  call('HDEL', B .. ':ao:' .. a, i)
  call('ZADD', B .. ':ai:' .. a, nowText, i)
  if g.row.missed ~= '0' then writeOne(g.row, 'missed', 0) end
  local totals = B .. ':t:' .. q .. ':' .. math.floor(now / DAY_MS)
  if call('HINCRBY', totals, a, '1') == 1 then call('EXPIRE', totals, '172800') end
  local waitMs = isFirst and now - number(h.qs or h.start) or nil
  local estimatedMs = waitMs and countAnswered(i, q, waitMs)
  local body = told(i, q, a) .. ',"n":' .. quoted(g.name) .. ',"via":"' .. via .. '","ld":"' .. holds(g) .. '"'
  if why then body = body .. ',"why":' .. whyText(why) end
  if waitMs then body = body .. ',"w":' .. waitMs end
  if estimatedMs then body = body .. ',"ew":' .. estimatedMs end
  emit('interaction.taken', h.acc, body .. '}', { i = i, a = a, q = q, figures = true })
  refreshReady(a)
end

-- Whoever was rung beside the one who takes it comes free and gets the next.
local function takeOffered(i, q, a, h)
  clearDeadline('offer', i, h.tok)
  local c = queueOf(q)
  local silenced = silenceOthers(i, c, h.oa, h.tok, h.medium, a, 'taken')
  takeInteraction(i, q, a, 'accept')
  for _, other in ipairs(silenced) do matchAgent(other) end
end

-- Takes it out of what waits, or from those it is offered to, for an agent who claims it by hand. @return nil, or code and the name of who has it
local function claim(i, q, a, h)
  if h.st == 'offered' then
    if contains(h.oa, a) then
      takeOffered(i, q, a, h)
      return nil
    end
    return 'already_taken', agentOf(string.match(h.oa, '[^,]+')).name
  end
  local no = refusal(a, q, h.medium)
  if no then return no end
  removeWaiting(i, q, h.sig)
  changeLoad(a, q, h.medium, 1)
  takeInteraction(i, q, a, 'claim')
  return nil
end

local function readForMatch(h)
  return { missed = h[3] or '', need = h[4] or '', pref = h[5] or '', medium = h[6] or 'chat', sig = h[9] or '', score = number(h[10]) }
end

-- One who was rung is so no more: the next ready agents are rung in its stead.
local function ringMore(i, h)
  local c = queueOf(h[1])
  if c.mode ~= 'ring_all' or not isServing(c) or (h[7] and h[7] ~= '' and number(h[8]) > now) then return end
  local medium, need = h[6] or 'chat', h[4] or ''
  local ready = readyAgents(c, medium, need, MOST, 0)
  for k = 1, #ready, 2 do
    if not call('ZSCORE', B .. ':rg:' .. c.id, i) then return end
    local g = agentOf(ready[k])
    if canTake(g, c, medium) and hasSkills(g, need) and not contains(h[3], g.id) and not contains(fields(i, 'oa')[1], g.id) then
      joinRing(i, c, g, { by = 'interaction', k = 'ring', v = 0, r = '', rv = 0, n = 1, x = {} })
    end
  end
end

-- Offers a waiting interaction to the best ready agent. Those who missed it come last, or (`isRoundKept`) not yet.
-- `from`: how many of the ready were looked at before.   @return true: there were too many to look at, a deadline that is due at once goes on
matchInteraction = function(i, from, isRoundKept)
  local h = fields(i, 'q', 'st', 'missed', 'need', 'pref', 'ch', 'sta', 'stu', 'sig', 'score')
  if h[2] == 'offered' then return ringMore(i, h) end
  if h[2] ~= 'waiting' then return end
  local c = queueOf(h[1])
  if c.mode == 'manual' or not c.mode or not isServing(c) then return end
  local m = readForMatch(h)
  if h[7] and h[7] ~= '' and number(h[8]) > now then
    -- Kept for the agent who knows the client (RTE-11).
    local g = agentOf(h[7])
    if canTake(g, c, m.medium) and hasSkills(g, m.need) and not contains(m.missed, g.id) then
      offerTo(i, c, m, { g }, { by = 'interaction', k = 'sticky', v = 0, r = '', rv = 0, n = 1, x = {} })
    end
    return
  end
  m.from, m.isRoundKept = from, isRoundKept
  local chosen, why, rest = chooseAgents(c, m)
  if chosen then
    offerTo(i, c, m, chosen, why)
  elseif rest then
    setDeadline('seek', i, tostring(rest), now)
    return true
  end
end

-- The agent has free capacity: give it what waits best over all its queues, until it is full. After ten the script ends and a deadline that is due
-- at once goes on, so that no script is long; likewise when too much had to be passed over.
matchAgent = function(a, after, spared)
  local g = agentOf(a)
  for _ = 1, OFFERED_AT_ONCE do
    local i, h, c, why, isRinging = chooseInteraction(g, after, spared)
    if not i then
      if h and h ~= after then setDeadline('match', a, tostring(h), now) end
      refreshReady(a)
      return
    end
    if isRinging then
      joinRing(i, c, g, why)
    else
      local score = why.v
      offerTo(i, c, { medium = h[5] or 'chat', sig = h[8] or '', score = score, isNewRound = false }, { g }, why)
    end
  end
  refreshReady(a)
  setDeadline('match', a, 'x', now)
end

-- It came back from agents who did not take it: others first; then these have what they did not miss, and only if there is nothing, it again.
local function matchReturned(i, back)
  local isRinging = queueOf(fields(i, 'q')[1]).mode == 'ring_all'
  local isSoughtOn = matchInteraction(i, nil, not isRinging)
  for _, a in ipairs(back) do matchAgent(a, nil, isSoughtOn and i) end
  -- Those who missed it before may have it again too.
  if not isSoughtOn then matchInteraction(i) end
end

-- Something of the agent's capacity came free.
local function freeAgent(a) matchAgent(a) end

-- The queue's settings changed: its agents are put in order again and given what waits, a part of them at a time.
local function refreshQueue(q, cursor)
  local scanned = call('SSCAN', B .. ':on:' .. q, cursor, 'COUNT', 50)
  for _, a in ipairs(scanned[2]) do refreshReady(a) end
  -- First what waits best chooses by the strategy, then each agent takes what it still may.
  local heads = {}
  for _, set in ipairs({ ':w:', ':ws:' }) do
    local first = call('ZRANGE', B .. set .. q, 0, OFFERED_AT_ONCE - 1, 'WITHSCORES')
    for k = 1, #first, 2 do heads[#heads + 1] = { i = first[k], score = number(first[k + 1]) } end
  end
  table.sort(heads, function(one, other) return one.score < other.score end)
  for _, head in ipairs(heads) do matchInteraction(head.i) end
  for _, a in ipairs(scanned[2]) do matchAgent(a) end
  if scanned[1] ~= '0' then setDeadline('refresh', q, scanned[1], now) end
end

-- Back to the queue with the place it had; the caller makes the next match.
local function requeue(i, q, reason, formerOwner)
  local h = fields(i, 'acc', 'score', 'ch', 'need', 'sig')
  local c = queueOf(q)
  call('ZREM', B .. ':qo:' .. q, i)
  local sig = addWaiting(i, c, number(h[2]), h[3] or 'chat', h[4] or '')
  writeInteraction(i, 'st', 'waiting', 'own', '', 'ownN', '', 'oa', '', 'tok', '')
  if sig ~= (h[5] or '') then writeInteraction(i, 'sig', sig) end
  if formerOwner then
    call('ZREM', B .. ':ai:' .. formerOwner, i)
    emit('interaction.requeued', h[1], { i = i, q = q, a = formerOwner, reason = reason, ld = holds(agentOf(formerOwner)) },
      { i = i, a = formerOwner, q = q, figures = true })
  else
    emit('interaction.queued', h[1], { i = i, q = q, reason = reason }, { q = q, figures = true })
  end
  resumeWaiting(i, c)
end

-- An offer that did not become an acceptance at this agent (nil: at all who are rung). While others ring it goes on; else it waits again.
-- @return queue, agents who are free again, whether it waits
local function returnOffer(i, reason, only)
  local h = fields(i, 'q', 'oa', 'tok', 'missed', 'ch', 'score', 'sta')
  local q, c = h[1], queueOf(h[1])
  local back, rest = {}, {}
  for a in string.gmatch(h[2], '[^,]+') do
    local list = (only == nil or a == only) and back or rest
    list[#list + 1] = a
  end
  for _, a in ipairs(back) do dropOffer(i, c, a, h[3], reason, h[5] or 'chat') end
  -- Before anything is matched: their place in the order is another now.
  for _, a in ipairs(back) do refreshReady(a) end
  local missed = table.concat(back, ',')
  if h[4] and h[4] ~= '' then missed = h[4] .. ',' .. missed end
  writeInteraction(i, 'missed', missed)
  -- Who had the chance and let it pass is waited for no longer (RTE-6 goes before RTE-11).
  if reason ~= 'withdrawn' and h[7] and h[7] ~= '' and contains(missed, h[7]) then leaveWaiting(i, nil, nil, h[7]) end
  if #rest > 0 then
    writeInteraction(i, 'oa', table.concat(rest, ','))
    if c.mode == 'ring_all' then call('ZADD', B .. ':rg:' .. q, h[6], i) end
  else
    clearDeadline('offer', i, h[3])
    if c.mode == 'ring_all' then call('ZREM', B .. ':rg:' .. q, i) end
    requeue(i, q, 'offer_' .. reason, nil)
  end
  return q, back, #rest == 0
end

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
local CLOSING = { 'acc', 'q', 'st', 'own', 'ch', 'tk', 'off', 'np', 'c', 'sig', 'parts', 'presTok', 'rxD', 'rcD', 'sta' }

-- Final: no index, list or deadline names it afterwards. `reason`: served | abandoned | rejected | diverted (then `to`). The owner's capacity and
-- offers are the caller's matter.
local function closeInteraction(i, q, a, reason, outcome, note, to)
  local h, c = know(rowOf(i), CLOSING), queueOf(q)
  local state, isUnwatched = h.st, h.np == '1'
  local kind = ''
  if outcome ~= '' then kind = call('HGET', B .. ':qout:' .. q, outcome) or '' end
  if state == 'waiting' then removeWaiting(i, q, h.sig) else call('ZREM', B .. ':qo:' .. q, i) end
  leaveWaiting(i, h.rxD, h.rcD, h.sta)
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
  if not isUnwatched then call('EXPIRE', B .. ':v:' .. h.c, CONTACT_KEPT_SEC) end
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
    countHandled(i, q, now - number(h[2]))
    freeAgent(a)
  end
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

-- The conversation is over, the owner still has to close it.
local function endConversation(i, by, reason, a, name)
  local h = fields(i, 'acc', 'q', 'own')
  local q = h[2]
  writeInteraction(i, 'st', 'ended', 'ended', now, 'endBy', by, 'endWhy', reason, 'una', '')
  emit('interaction.ended', h[1], { i = i, q = q, by = by, reason = reason, a = a, n = name }, { i = i, a = h[3], q = q })
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

-- Gives back everything the agent holds and is not there to do: open offers, and with `all` the conversations too.
local function releaseWork(a, reason, all)
  local freed = {}
  for _, i in ipairs(call('HKEYS', B .. ':ao:' .. a)) do
    returnOffer(i, 'withdrawn', a)
    freed[#freed + 1] = i
  end
  if all then
    for _, i in ipairs(call('ZRANGE', B .. ':ai:' .. a, 0, -1)) do
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
