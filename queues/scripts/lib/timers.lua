-- timers: what a deadline does when it fires. Needs presence.

-- The offer was not answered in time, by nobody who was rung (RTE-6).
local function offerExpired(i, tok)
  local h = fields(i, 'st', 'tok')
  if h[1] ~= 'offered' or h[2] ~= tok then return false end
  local q, missing = returnOffer(i, 'expired')
  local most = queueOf(q).missedMost
  for _, a in ipairs(missing) do
    local missed = tonumber(addTo(agentRow(a), 'missed', 1))
    if most > 0 and missed >= most then
      writeAgent(a, 'missed', 0)
      setStatus(a, 'paused', 'no_answer')
      releaseWork(a, 'no_answer', false)
      releaseKept(a, '0')
      tellAgentChanged(a)
    end
  end
  matchReturned(i, missing)
  return true
end

local function autoClose(i)
  local h = fields(i, 'st', 'q', 'own')
  if h[1] ~= 'ended' then return false end
  closeOwned(i, h[2], h[3], call('HGET', B .. ':q:' .. h[2], 'aco') or '', '')
  return true
end

local function relaxed(i, tok)
  if fields(i, 'rxD')[1] ~= tok then return false end
  if relax(i) then matchInteraction(i) end
  return true
end

local function keptLongEnough(i, a)
  if fields(i, 'sta')[1] ~= a then return false end
  keepNoLonger(i, a)
  matchInteraction(i)
  return true
end

local function recipeDue(i, tok)
  local h = fields(i, 'rcD', 'sk')
  if h[1] ~= tok then return false end
  -- An agent of this queue is still to be looked for: before it is given on.
  if h[2] and h[2] ~= '' then matchInteraction(i) end
  runRecipe(i)
  return true
end

-- By kind: what it does with id and token. Those that only go on with longer work are true to themselves: they look at what is there now.
local FIRES = {
  offer = offerExpired,
  wrapup = function(i, a) return endWrapUp(i, a, 'time') end,
  reconnect = windowRanOut,
  agentlost = agentLost,
  autoclose = autoClose,
  relax = relaxed,
  recipe = recipeDue,
  sticky = keptLongEnough,
  match = function(a, what)
    matchAgent(a, what, string.match(what, ',(.+)$'))
    return true
  end,
  seek = function(i, from)
    if fields(i, 'sk')[1] == from then writeInteraction(i, 'sk', '') end
    matchInteraction(i, tonumber(from))
    return true
  end,
  refresh = function(q, cursor) refreshQueue(q, cursor) return true end,
  release = function(a, what) releaseOn(a, what) return true end,
  nobody = function(q, cursor) nobodyThere(q, cursor) return true end,
  drain = function(q, cursor) drainQueue(q, cursor) return true end,
  -- An earlier release named a queue in place of the cursor.
  unkeep = function(a, cursor) releaseKept(a, tonumber(cursor) and cursor or '0') return true end,
}

-- How much of what a script may do (base: ENOUGH) each kind takes; kinds that are not named take one. Only where it begins: each stops by itself.
local WEIGHTS = { offer = 2, reconnect = 2, autoclose = 2, recipe = 2, match = 4, seek = 4, agentlost = 8, refresh = 8, nobody = 8, drain = 8, unkeep = 8, release = 8 }
-- How many are looked up at a time: so many fit into a script if each does little.
local PART = 8

-- What was due is done, if nobody cleared it meanwhile.
local function carryOut(set, member, kind)
  if call('ZREM', B .. ':due:' .. set, member) == 0 then return false end
  keepClock()
  return FIRES[kind](string.match(member, '|([^|]+)|(.*)$'))
end

-- A knock of one deadline. Early, late, twice or with an old token: nothing happens.
local function fire(member)
  local kind = string.match(member, '^%a+')
  local set = kind == 'offer' and 'offer' or 'knock'
  local due = call('ZSCORE', B .. ':due:' .. set, member)
  return due and number(due) <= now and FIRES[kind] and carryOut(set, member, kind) or false
end

-- Fires what is due till then, the earliest first, until the script has done its part. What a later release set is passed over.
-- @return how many fired, whether there is more
local function firePart(set, till)
  local fired = 0
  -- One more than fit; more only if these are all of kinds that are not known here.
  for most = PART + 1, 100, 91 do
    local due = call('ZRANGEBYSCORE', B .. ':due:' .. set, '-inf', till, 'LIMIT', '0', most .. '')
    local isAny = false
    for _, member in ipairs(due) do
      local kind = string.match(member, '^%a+')
      if FIRES[kind] then
        if work > 0 and work + (WEIGHTS[kind] or 1) > ENOUGH then return fired, true end
        isAny, work = true, work + 0.5
        if carryOut(set, member, kind) then fired = fired + 1 end
      end
    end
    if isAny then return fired, #due == most end
    if #due < most then break end
  end
  return fired, false
end
