-- matching: whom a waiting interaction is offered to: those who are ready, in the order of the queue's strategy. Needs waiting. Nothing is changed here
-- but ready sets that were out of date. It says why (BEY-2): events.ts has the meaning of `why`.

-- How many are looked at in one script; what is left is looked at by a deadline that is due at once.
local MOST = 200

local function contains(list, item) return list and list ~= '' and string.find(',' .. list .. ',', ',' .. item .. ',', 1, true) ~= nil end

local function canTake(g, c, medium)
  return isServing(c) and isThere(g) and not isSeeking(g) and phones.reach(g, medium) and hasRoom(g, medium) and isWithinLimit(g, c) and not pausedIn(g, c.id)
end

-- Sum of the levels held of `skill=level,…`, where the level suffices.
local function merit(skills, wanted)
  local sum = 0
  for skill, level in string.gmatch(wanted, '([^=,]+)=(%d+)') do
    if (skills[skill] or 0) >= tonumber(level) then sum = sum + skills[skill] end
  end
  return sum
end

local SKILLS = { 'sk' }
-- Of ready agents with their ranks, flat, those who have what is needed, highest merit first, of one merit by rank; who missed it stands behind all others.
-- Their skills alone are read here, as there may be MOST of them.
-- @return flat list, how many of those who did not miss it have what is needed, how many have not, how many missed it
local function byMerit(ready, wanted, need, missed)
  local able, lacking, late, seen = {}, 0, 0, {}
  for k = 1, #ready, 2 do
    local a = ready[k]
    if not seen[a] then
      seen[a] = true
      local skills = skillsIn(know(agentRow(a), SKILLS).sk or '')
      if suffice(skills, need) then
        local hasMissed = contains(missed, a)
        if hasMissed then late = late + 1 end
        able[#able + 1] = { a, ready[k + 1], hasMissed and -1 or merit(skills, wanted), k }
      else
        lacking = lacking + 1
      end
    end
  end
  table.sort(able, function(one, other)
    if one[3] ~= other[3] then return one[3] > other[3] end
    return one[4] < other[4]
  end)
  local sorted = {}
  for k, each in ipairs(able) do sorted[2 * k - 1], sorted[2 * k] = each[1], each[2] end
  return sorted, #able - late, lacking, late
end

-- Ready agents with their ranks, best first, who hold the skills needed at some level. @return flat list, and the rank to go on from or nil
local function readyAgents(c, medium, need, most, from)
  local key = readyKey(c, medium)
  if need == '' then return call('ZRANGE', key, from, from + most - 1, 'WITHSCORES') end
  local command, fewest = { 'ZINTER', 1, key }, call('ZCARD', key)
  local size = fewest
  if size == 0 then return {} end
  for skill in string.gmatch(need, '([^=,]+)=') do
    command[#command + 1] = B .. ':hs:' .. skill
    fewest = math.min(fewest, call('SCARD', command[#command]))
  end
  if fewest <= MOST then
    command[2] = #command - 2
    command[#command + 1] = 'WEIGHTS'
    command[#command + 1] = 1
    for _ = 2, command[2] do command[#command + 1] = 0 end
    command[#command + 1] = 'WITHSCORES'
    return call(unpack(command))
  end
  return call('ZRANGE', key, from, from + MOST - 1, 'WITHSCORES'), size > from + MOST and from + MOST or nil
end

-- The random draw is among those whose total of today is within one per twenty of the lowest (RTE-2). Who missed it is passed over, then all others
-- are looked at by their totals. @return flat list, and the rank to go on from or nil
local function drawnAgents(c, medium, hasMissed, from)
  local key = readyKey(c, medium)
  local lowest = call('ZRANGE', key, 0, 0, 'WITHSCORES')
  if not lowest[1] then return lowest end
  local turned = {}
  if from == 0 then
    local reach = math.floor(number(lowest[2]) / 20)
    local ready = call('ZRANGEBYSCORE', key, lowest[2], number(lowest[2]) + reach, 'WITHSCORES', 'LIMIT', 0, 50)
    local sum = 0
    for k = 1, #chance do sum = (sum * 31 + string.byte(chance, k)) % 1000003 end
    local count = #ready / 2
    local first = sum % count
    for k = 0, count - 1 do
      local at = (first + k) % count * 2
      turned[2 * k + 1], turned[2 * k + 2] = ready[at + 1], ready[at + 2]
    end
  end
  if not hasMissed then return turned end
  for _, each in ipairs(call('ZRANGE', key, from, from + MOST - 1, 'WITHSCORES')) do turned[#turned + 1] = each end
  return turned, call('ZCARD', key) > from + MOST and from + MOST or nil
end

local KEY_OF_MODE = { balanced = 'load', fewest_calls = 'calls', round_robin = 'turn', linear = 'order', random = 'total', ring_all = 'ring' }

-- Which key decided between two ranks, and the values that differ.
local function decided(mode, first, second)
  local key = KEY_OF_MODE[mode] or 'idle'
  if mode == 'balanced' or mode == 'fewest_calls' or mode == 'linear' then
    local left, right = math.floor(first / TIE), second and math.floor(second / TIE)
    if left == right then return 'idle', first % TIE, second % TIE end
    return key, left, right
  end
  return key, first, second
end

-- The agents to whom a waiting interaction is offered: one, or in ring_all as many as may be rung.
-- h: missed need pref medium from isRoundKept (who missed it is passed over, whoever is left)   @return list of agents (nil: nobody), why, rank to go on looking from (nil: that were all)
local function chooseAgents(c, h)
  settleReady()
  local wanted = h.pref
  if c.mode == 'skills' then wanted = wanted == '' and h.need or h.need .. ',' .. wanted end
  local isByMerit = wanted ~= ''
  local most = isByMerit and MOST or c.mode == 'ring_all' and 2 * c.ringMax or 10
  local left, rest
  if c.mode == 'random' and h.need == '' then
    left, rest = drawnAgents(c, h.medium, h.missed ~= '', h.from or 0)
  else
    if h.missed ~= '' then most = MOST end
    left, rest = readyAgents(c, h.medium, h.need, most, h.from or 0)
  end
  work = work + #left / 32
  local x, n, chosen, missed, able = {}, 0, {}, nil, nil
  -- All of them ring in the order of their ranks, whoever is preferred.
  if isByMerit and c.mode ~= 'ring_all' then
    local lacking, late
    left, able, lacking, late = byMerit(left, wanted, h.need, h.missed)
    if lacking > 0 then x.skill = lacking end
    if late > 0 then x.missed = late end
  end
  local best, bestRank, bestMerit, second, secondRank, secondMerit
  local seen, isOutdated = {}, false
  for k = 1, #left, 2 do
    local a, rank = left[k], number(left[k + 1])
    if not seen[a] then
      seen[a] = true
      local g = agentOf(a)
      if not canTake(g, c, h.medium) then
        call('ZREM', readyKey(c, h.medium), a)
        isOutdated = true
      elseif not hasSkills(g, h.need) then
        x.skill = (x.skill or 0) + 1
      elseif contains(h.missed, a) then
        if not able then x.missed = (x.missed or 0) + 1 end
        missed = missed or {}
        missed[#missed + 1] = g
        missed.rank = missed.rank or rank
      else
        n = n + 1
        local worth = isByMerit and merit(skillsIn(g.skillText), wanted) or 0
        if not best or worth > bestMerit then
          second, secondRank, secondMerit = best, bestRank, bestMerit
          best, bestRank, bestMerit = g, rank, worth
        elseif not second or worth > secondMerit then
          second, secondRank, secondMerit = g, rank, worth
        end
        chosen[#chosen + 1] = g
        if c.mode == 'ring_all' and #chosen >= c.ringMax then break end
        if c.mode ~= 'ring_all' and n == 2 then break end
      end
    end
  end
  -- Only such as were ready no more (0.1.0 leaves them in the set): they are out of it now, and those behind them are looked at, some of them later.
  if not best and isOutdated then
    h.passes = (h.passes or 0) + 1
    if h.passes <= 10 then return chooseAgents(c, h) end
    rest = rest or h.from or 0
  end
  if not best then
    if not missed or rest or h.isRoundKept then return nil, nil, rest end
    -- Everybody who may take it missed it: a new round begins.
    best, bestRank, n = missed[1], missed.rank, #missed
    chosen = missed
    h.isNewRound = true
  end
  local busy, paused = call('SCARD', B .. ':on:' .. c.id) - call('ZCARD', readyKey(c, h.medium)), call('SCARD', B .. ':ps:' .. c.id)
  if busy > 0 and h.medium == 'voice' then
    local phoneless = math.min(busy, call('SCARD', B .. ':np:' .. c.id))
    busy = busy - phoneless
    if phoneless > 0 then x.no_phone = phoneless end
  end
  if busy > 0 then x.busy = busy end
  if paused > 0 then x.paused = paused end
  local why = { by = 'interaction', n = able and not h.isNewRound and able or n, x = x, r = '', rv = 0 }
  if not second then
    why.k, why.v = h.isNewRound and 'missed' or 'only', bestRank
  elseif isByMerit and bestMerit ~= secondMerit then
    why.k, why.v, why.r, why.rv = h.pref ~= '' and 'preferred' or 'skill', bestMerit, second.id, secondMerit
  else
    why.k, why.v, why.rv = decided(c.mode, bestRank, secondRank)
    why.r = second.id
  end
  if c.mode ~= 'ring_all' then return { best }, why, nil end
  while #chosen > c.ringMax do chosen[#chosen] = nil end
  return chosen, why, nil
end
