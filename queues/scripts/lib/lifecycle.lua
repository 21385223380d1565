-- lifecycle: the life of an interaction. Needs matching.
--
-- i:<interaction>  acc q ('' a call that its agent placed) g c(ontact) cn em lg pg ua ch(medium) or st start score created started tk ended endBy endWhy closed outcome rating
--                  own ownN off unread rc rs lm una pres presUntil presTok np tok tokN oa due missed parts
--                  pri (its own priority) req (needs of its own) need0 (with the queue's) need (now) pref sig qs (in this queue since)
--                  rxN rxD relaxation: steps done, token of the deadline     rcN rcD rcR recipe: likewise, steps run     vq queues left by a recipe
--                  sk a script to come looks for an agent from here on     sta stu kept for this agent until (em lg pg ua only where there is something to say)
-- qo:<queue>  offered, served or ended and not closed yet, by time      rg:<queue>  ringing at several, with room for more, by score
-- la:<contact>  agent who served it last      sti:<agent>  waiting interactions kept for the agent
-- States: waiting → offered → served → ended → closed; offered and served go back to waiting with the same score.

local OFFERED_AT_ONCE = 10
-- How many are asked for at once where a script does a part of something long.
local PAGE = 25

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

local TAKING = { 'acc', 'started', 'qs', 'start', 'rxD', 'rcD', 'sta', 'sk', 'ew', 'er', 'off', 'parts' }
-- All that accepting reads, and answers with, in one go.
local ACCEPTING = {}
for k = 1, #TAKING do ACCEPTING[k] = TAKING[k] end
for k = 1, #VIEW do ACCEPTING[#TAKING + k] = VIEW[k] end
local COUNTS_BY_DAY = { fewest_calls = true, random = true }
-- The agent becomes the owner. Its load was counted by the caller (offer, claim or auto). `sig` where it still stands in the index.
takeInteraction = function(i, q, a, via, why)
  local h, g = know(rowOf(i), TAKING), agentOf(a)
  local isFirst = (h.started or '') == ''
  leaveWaiting(i, h.rxD, h.rcD, h.sta, h.sk)
  -- One who was invited is so no more.
  local parts = h.parts
  if parts and string.find(parts, '"' .. a .. '"', 1, true) then
    local kept = {}
    for _, part in ipairs(cjson.decode(parts)) do if part[1] ~= a then kept[#kept + 1] = part end end
    writeInteraction(i, 'parts', #kept > 0 and cjson.encode(kept) or '')
    call('ZREM', B .. ':ap:' .. a, i)
  end
  if q ~= '' then call('ZADD', B .. ':qo:' .. q, nowText, i) end
  write(h, 'st', 'served', 'own', a, 'ownN', g.name, 'oa', '', 'missed', '', 'tk', nowText, 'started', isFirst and nowText or h.started)
  call('HDEL', B .. ':ao:' .. a, i)
  call('ZADD', B .. ':ai:' .. a, nowText, i)
  if g.row.missed ~= '0' then writeOne(g.row, 'missed', 0) end
  local totals = B .. ':t:' .. q .. ':' .. math.floor(now / DAY_MS)
  if q ~= '' and call('HINCRBY', totals, a, '1') == 1 then
    call('EXPIRE', totals, '172800')
    -- The first of a day: those who stand by the totals of the day before are put in order by today's.
    if COUNTS_BY_DAY[queueOf(q).mode] and call('HLEN', totals) == 1 then setDeadline('refresh', q, '0', now) end
  end
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

-- A script to come looks for an agent, from that place among the ready on. @return true
local function seekOn(i, from)
  local place = (from or 0) .. ''
  local sought = fields(i, 'sk')[1] or ''
  if sought ~= '' and sought ~= place then clearDeadline('seek', i, sought) end
  setDeadline('seek', i, place, now)
  writeInteraction(i, 'sk', place)
  return true
end

-- Offers a waiting interaction to the best ready agent. Those who missed it come last, or (`isRoundKept`) not yet.
-- `from`: how many of the ready were looked at before.   @return true: there were too many to look at, or this script has done enough: a deadline that is
-- due at once goes on
matchInteraction = function(i, from, isRoundKept)
  local h = fields(i, 'q', 'st', 'missed', 'need', 'pref', 'ch', 'sta', 'stu', 'sig', 'score')
  if h[2] ~= 'waiting' and h[2] ~= 'offered' then return end
  if work >= ENOUGH then return seekOn(i, from) end
  if h[2] == 'offered' then return ringMore(i, h) end
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
    return seekOn(i, rest)
  end
end

-- The agent has free capacity: give it what waits best over all its queues, until it is full. After ten, or when the script has done enough, a deadline
-- that is due at once goes on. `search`: the token of that deadline, which names the search it goes on with.
-- `spared`: one that the agent missed and that still looks among others.
matchAgent = function(a, search, spared)
  if work >= ENOUGH then return setDeadline('match', a, search or spared and 'x,' .. spared or 'x', now) end
  local g = agentOf(a)
  local isGoingOn = search ~= nil and search == g.search
  local l = isGoingOn and resumeSeeking(g) or beginSeeking(g)
  endSearch(g)
  for _ = 1, OFFERED_AT_ONCE do
    local i, h, c, why, isRinging = nextInteraction(l, spared)
    if not i then
      local isFirst = not search or string.sub(search, 1, 1) ~= 'b'
      if l.isCutShort then
        suspendSearch(l, isGoingOn and search or (isFirst and 'a' or 'b') .. chance .. (spared and ',' .. spared or ''))
      elseif isGoingOn and isFirst then
        -- What came into a place after that was looked through: from now on it finds the agent itself.
        setDeadline('match', a, spared and 'b,' .. spared or 'b', now)
      end
      refreshReady(a)
      return
    end
    if isRinging then
      joinRing(i, c, g, why)
    else
      offerTo(i, c, { medium = h[5] or 'chat', sig = h[8] or '', score = why.v, isNewRound = false }, { g }, why)
    end
    taken(l)
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

local function isSomebodyReady(c)
  if call('ZCARD', B .. ':r:' .. c.id) > 0 then return true end
  for medium in string.gmatch(c.others, '%a+') do
    if call('ZCARD', readyKey(c, medium)) > 0 then return true end
  end
  return false
end

-- The queue's settings changed: its agents are put in order again and given what waits, a part of them at a time. Redis gives a small set as a whole,
-- whatever is asked for: for whom nothing is left of this script a deadline goes on.
local function refreshQueue(q, cursor)
  local scanned, placed = call('SSCAN', B .. ':on:' .. q, cursor, 'COUNT', PAGE), {}
  for _, a in ipairs(scanned[2]) do
    if work < ENOUGH then
      placeReady(agentOf(a))
      placed[#placed + 1] = a
    else
      setDeadline('match', a, 'x', now)
    end
  end
  -- First what waits best chooses by the strategy, then each agent takes what it still may.
  if isSomebodyReady(queueOf(q)) then
    local heads = {}
    for _, set in ipairs({ ':w:', ':ws:' }) do
      local first = call('ZRANGE', B .. set .. q, 0, OFFERED_AT_ONCE - 1, 'WITHSCORES')
      for k = 1, #first, 2 do heads[#heads + 1] = { i = first[k], score = number(first[k + 1]) } end
    end
    table.sort(heads, function(one, other) return one.score < other.score end)
    for _, head in ipairs(heads) do
      if work >= ENOUGH then break end
      matchInteraction(head.i)
    end
  end
  for _, a in ipairs(placed) do matchAgent(a) end
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

-- Who missed it: those who did last at the end, nobody twice.
local function afterMissing(before, back)
  local added = table.concat(back, ',')
  if not before or before == '' then return added end
  local kept = {}
  for a in string.gmatch(before, '[^,]+') do
    if not contains(added, a) then kept[#kept + 1] = a end
  end
  for _, a in ipairs(back) do kept[#kept + 1] = a end
  return table.concat(kept, ',')
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
  local missed = afterMissing(h[4], back)
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
