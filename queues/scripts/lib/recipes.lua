-- recipes: what happens to an interaction while it waits: relaxation of its needs (RTE-3), the agent it is kept for (RTE-11), the queue's recipe of
-- overflow (RTE-10), a queue that is no more. Needs endings. Each is a deadline under a token that names when it came into the queue and the step.

-- The first of another medium than the queue's: from now on the queue has ready sets for it too.
local function noteMedium(c, medium)
  if medium == c.medium or string.find(c.others, medium, 1, true) then return end
  call('HSET', B .. ':q:' .. c.id, 'xm', c.others .. ' ' .. medium)
  packQueue(c.id)
  -- Few agents are put in order here, so that this one goes by the strategy already.
  if call('SCARD', B .. ':on:' .. c.id) > PAGE then return setDeadline('refresh', c.id, '0', now) end
  for _, a in ipairs(call('SMEMBERS', B .. ':on:' .. c.id)) do refreshReady(a) end
end

-- Sets the deadline of the next step of relaxation.
local function scheduleRelaxation(i, c, since, done)
  local step, due = nextRelaxation(c, since, done)
  if not step then return '' end
  local tok = (since == now and nowText or since .. '') .. '.' .. (SMALL[step] or step)
  setDeadline('relax', i, tok, due)
  return tok
end

-- Needs become less by the steps whose time has come; it is put where it stands now, and the next step gets its deadline.
local function relax(i)
  local h = fields(i, 'acc', 'st', 'q', 'qs', 'rxN', 'need0', 'need', 'ch', 'sig', 'score', 'pri')
  if h[2] ~= 'waiting' and h[2] ~= 'offered' then return false end
  local c, done, need = queueOf(h[3]), number(h[5]), h[7] or ''
  local step, due, by = nextRelaxation(c, number(h[4]), done)
  while step and due <= now do
    done, need = step, lowerNeeds(h[6], by)
    step, due, by = nextRelaxation(c, number(h[4]), done)
  end
  local sig = h[9] or ''
  if h[2] == 'waiting' and need ~= h[7] then
    removeWaiting(i, c.id, sig)
    sig = addWaiting(i, c, h[10], h[8] or 'chat', need)
  end
  writeInteraction(i, 'rxN', done, 'need', need, 'sig', sig, 'rxD', scheduleRelaxation(i, c, number(h[4]), done))
  if need ~= h[7] then
    emit('interaction.changed', h[1], '{"i":"' .. i .. '","q":"' .. c.id .. '","what":"relaxed","need":"' .. need .. '","pri":' .. (h[11] or '0') .. ',"channel":"'
      .. (h[8] or 'chat') .. '"}', { q = c.id })
  end
  return true
end

-- Its place in the order changes with its priority (RTE-1).
local function prioritize(i, pri)
  local h = fields(i, 'acc', 'st', 'q', 'start', 'ch', 'need', 'sig')
  local c = queueOf(h[3])
  local score = number(h[4]) - (c.priority + pri) * c.weightMs
  writeInteraction(i, 'pri', pri, 'score', score)
  if h[2] == 'waiting' then
    removeWaiting(i, c.id, h[7])
    addWaiting(i, c, score, h[5] or 'chat', h[6] or '')
  end
  emit('interaction.changed', h[1], { i = i, q = c.id, what = 'priority', need = h[6] or '', pri = pri, channel = h[5] or 'chat' }, { q = c.id })
end

-- Puts it into the queue's index. w: start pri medium req pref isMoved
local function enterQueue(i, c, w)
  local need, pref = mergeNeeds(w.req, c.required), mergeNeeds(w.pref, c.preferred)
  local score = (w.start - (c.priority + w.pri) * c.weightMs) .. ''
  noteMedium(c, w.medium)
  local sig = addWaiting(i, c, score, w.medium, need)
  writeInteraction(i, 'st', 'waiting', 'q', c.id, 'score', score, 'qs', nowText)
  if need ~= '' or w.isMoved then
    local deadline = need ~= '' and c.relaxation ~= '' and scheduleRelaxation(i, c, now, 0) or ''
    writeInteraction(i, 'need0', need, 'need', need, 'rxN', 0, 'rxD', deadline)
  end
  if sig ~= '' or w.isMoved then writeInteraction(i, 'sig', sig) end
  if pref ~= '' or w.isMoved then writeInteraction(i, 'pref', pref) end
  countEntered(i, c.id, score, sig)
end

-- A returning contact is kept for its last agent, while that one serves the queue (RTE-11).
local function keepForLastAgent(i, c, contact)
  if c.stickyWaitMs <= 0 then return end
  local a = call('GET', B .. ':la:' .. contact)
  if not a then return end
  local g = agentOf(a)
  if g.acc ~= c.acc or not g.isActive or g.st ~= 'on' or pausedIn(g, c.id) or not hasSkills(g, fields(i, 'need')[1] or '') or call('SISMEMBER', B .. ':as:' .. a, c.id) == 0 then return end
  writeInteraction(i, 'sta', a, 'stu', now + c.stickyWaitMs)
  call('SADD', B .. ':sti:' .. a, i)
  setDeadline('sticky', i, a, now + c.stickyWaitMs)
end

local function keepNoLonger(i, a)
  clearDeadline('sticky', i, a)
  call('SREM', B .. ':sti:' .. a, i)
  writeInteraction(i, 'sta', '')
end

-- What is kept for the agent in queues for which it is not there any more, others may have. `cursor`: where to go on among them, '0' at first.
local function releaseKept(a, cursor)
  local g = agentOf(a)
  local scanned, released = call('SSCAN', B .. ':sti:' .. a, cursor, 'COUNT', PAGE), {}
  for _, i in ipairs(scanned[2]) do
    local h = fields(i, 'sta', 'q')
    if h[1] ~= a then
      call('SREM', B .. ':sti:' .. a, i)
    elseif not isThereFor(g, h[2]) then
      keepNoLonger(i, a)
      released[#released + 1] = i
    end
  end
  if scanned[1] ~= '0' then setDeadline('unkeep', a, scanned[1], now) end
  for _, i in ipairs(released) do matchInteraction(i) end
end

leaveWaiting = function(i, relaxToken, recipeToken, keptFor, sought)
  if sought and sought ~= '' then
    clearDeadline('seek', i, sought)
    writeInteraction(i, 'sk', '')
  end
  if relaxToken and relaxToken ~= '' then
    clearDeadline('relax', i, relaxToken)
    writeInteraction(i, 'rxD', '')
  end
  if recipeToken and recipeToken ~= '' then
    clearDeadline('recipe', i, recipeToken)
    writeInteraction(i, 'rcD', '')
  end
  if keptFor and keptFor ~= '' then keepNoLonger(i, keptFor) end
end

local stepsByText, stepsCount = {}, 0
local function stepsOf(c)
  local steps = stepsByText[c.recipe]
  if not steps then
    steps = cjson.decode(c.recipe)
    if stepsCount >= 1000 then stepsByText, stepsCount = {}, 0 end
    stepsByText[c.recipe], stepsCount = steps, stepsCount + 1
  end
  return steps
end

local runRecipe

-- Goes on waiting in another queue with its virtual start. A queue that it left, is not there or does not serve is passed over.
local function moveTo(i, c, target, step)
  local h = fields(i, 'acc', 'sig', 'start', 'pri', 'ch', 'req', 'ownPref', 'vq', 'rxD', 'rcD', 'sta', 'sk')
  local left = h[8] and h[8] ~= '' and h[8] .. ',' .. c.id or c.id
  if target.acc ~= c.acc or not isServing(target) or contains(left, target.id) then return false end
  leaveWaiting(i, h[9], h[10], h[11], h[12])
  removeWaiting(i, c.id, h[2])
  emit('interaction.moved', h[1], { i = i, from = c.id, q = target.id, step = step, need = mergeNeeds(h[6] or '', target.required) }, { q = c.id, figures = { c.id, target.id } })
  writeInteraction(i, 'vq', left, 'rcN', 0, 'rcD', '', 'rcR', '', 'missed', '')
  enterQueue(i, target, { start = number(h[3]), pri = number(h[4]), medium = h[5] or 'chat', req = h[6] or '', pref = h[7] or '', isMoved = true })
  emit('interaction.queued', h[1], { i = i, q = target.id, reason = 'overflow' }, { q = target.id, figures = true })
  matchInteraction(i)
  if target.recipe ~= '' then runRecipe(i) end
  return true
end

-- @return whether it waits in this queue no more
local function runStep(i, c, index, step)
  local what = step['do']
  if what.op == 'queue' then return moveTo(i, c, queueOf(what.queueId), index) end
  local h = fields(i, 'acc', 'pri', 'rcR')
  writeInteraction(i, 'rcR', h[3] and h[3] ~= '' and h[3] .. ',' .. index or tostring(index))
  if what.op == 'priority' then
    prioritize(i, math.min(1000, number(h[2]) + what.by))
    emit('recipe.ran', h[1], { i = i, q = c.id, step = index, op = 'priority' }, { q = c.id })
    return false
  end
  if what.op == 'message' then
    emit('message.sent', h[1], { i = i, q = c.id, mid = 'recipe-' .. c.id .. '-' .. index, role = 'system', by = '', n = '', vis = 'everyone', text = what.text },
      { i = i, q = c.id })
    -- Whole characters only.
    local last = 140
    while string.find(what.text, '^[\128-\191]', last + 1) do last = last - 1 end
    writeInteraction(i, 'lm', cjson.encode({ text = string.sub(what.text, 1, last), role = 'system', at = now }))
    emit('recipe.ran', h[1], { i = i, q = c.id, step = index, op = 'message', text = what.text, sound = what.sound }, { q = c.id })
    return false
  end
  if what.op == 'close' then
    closeUnowned(i, 'rejected', '', '')
  else
    closeUnowned(i, 'diverted', '', '', cjson.encode(what))
  end
  return true
end

-- Runs the steps whose time has come and sets the deadline of the next. What is offered just then goes on when it comes back. Queues may give on at once
-- to one after the other: a script does its part of them.
runRecipe = function(i)
  local h = fields(i, 'q', 'st', 'qs', 'rcN', 'rcD')
  local c = queueOf(h[1])
  if c.recipe == '' or h[2] ~= 'waiting' then return end
  if h[5] and h[5] ~= '' then clearDeadline('recipe', i, h[5]) end
  local steps, done = stepsOf(c), number(h[4])
  while done < #steps do
    local step = steps[done + 1]
    local due = number(h[3]) + step.afterSec * 1000
    if due > now or work >= ENOUGH then
      local tok = h[3] .. '.' .. (done + 1)
      writeInteraction(i, 'rcN', done, 'rcD', tok)
      setDeadline('recipe', i, tok, math.max(due, now))
      return
    end
    done = done + 1
    writeInteraction(i, 'rcN', done)
    if step.onlyIf ~= 'no_agents' or call('SCARD', B .. ':on:' .. c.id) == 0 then
      if runStep(i, c, done, step) then return end
    end
  end
  writeInteraction(i, 'rcD', '')
end

resumeWaiting = function(i, c)
  if c.relaxation ~= '' then
    local h = fields(i, 'need0', 'rxD')
    if h[1] and h[1] ~= '' and (not h[2] or h[2] == '') then relax(i) end
  end
  if c.recipe ~= '' then runRecipe(i) end
end

-- Nobody is signed in any more: the steps for that case run for all who wait, a part of them at a time. `cursor`: set and place in it.
local function nobodyThere(q, cursor)
  local c = queueOf(q)
  if c.recipe == '' or call('SCARD', B .. ':on:' .. q) > 0 then return end
  local set, at = string.match(cursor, '^(s?)(%d+)$')
  local scanned = call('ZSCAN', B .. (set == 's' and ':ws:' or ':w:') .. q, at, 'COUNT', PAGE)
  for k = 1, #scanned[2], 2 do
    local i = scanned[2][k]
    local h = fields(i, 'st', 'q', 'qs', 'rcR')
    if h[1] == 'waiting' and h[2] == q then
      for index, step in ipairs(stepsOf(c)) do
        local isDue = number(h[3]) + step.afterSec * 1000 <= now
        if step.onlyIf == 'no_agents' and isDue and not contains(h[4], tostring(index)) then
          if runStep(i, c, index, step) then break end
        end
      end
    end
    -- A small set is given as a whole, whatever COUNT says: the same place again finds those who are left.
    if work >= ENOUGH then return setDeadline('nobody', q, cursor, now) end
  end
  if scanned[1] ~= '0' then
    setDeadline('nobody', q, set .. scanned[1], now)
  elseif set == '' then
    setDeadline('nobody', q, 's0', now)
  end
end

-- The queue was deleted: what waits or is offered is closed, a part at a time; what is served is finished by its agents.
local function drainQueue(q, cursor)
  for _, set in ipairs({ ':w:', ':ws:' }) do
    for _, i in ipairs(call('ZRANGE', B .. set .. q, 0, PAGE - 1)) do
      if work >= ENOUGH then return setDeadline('drain', q, cursor, now) end
      closeUnowned(i, 'rejected', '', '')
    end
    if call('EXISTS', B .. set .. q) == 1 then return setDeadline('drain', q, cursor, now) end
  end
  local scanned = call('ZSCAN', B .. ':qo:' .. q, cursor, 'COUNT', PAGE)
  for k = 1, #scanned[2], 2 do
    if fields(scanned[2][k], 'st')[1] == 'offered' then
      closeUnowned(scanned[2][k], 'rejected', '', '')
    end
    if work >= ENOUGH then return setDeadline('drain', q, cursor, now) end
  end
  if scanned[1] ~= '0' then setDeadline('drain', q, scanned[1], now) end
end
