-- seeking: which of all that waits a freed agent is given: the best score over all its queues, among what it may take (RTE-1). Needs matching.
--
-- Places to look in stand in a heap by the score of the first there that was not looked at yet, so scores below that of the heap's first have all been
-- looked at. An agent who serves many queues with many skills has a thousand of them, and old needs that it cannot serve may stand in each: a script looks at
-- its part (base: ENOUGH), keeps what is left of the heap, and a deadline that is due at once goes on with it, on whichever node.
-- mp:<agent>  place → score from which on it was not looked at; a:<agent> se is the token of that deadline: a… in the first passage, b… in the second
-- Order: while the first passage goes on the agent is in no ready set, so nothing that comes meanwhile is put before what waited: it is offered to others
-- who are ready, also where this one would come first by the queue's strategy or has not missed it as they have. What came
-- into a place after that was looked through is found by a second one, in which the agent is ready again: among what came within those few scripts, and
-- there alone, the score does not decide.
--
-- Places are named `kind|queue|name`:  first  what waits without needs    ring  what rings with room for more    needs  what waits with needs, not looked at by
-- keys yet    key  signatures under that key    sig  one bucket    missed  one that the agent missed: had when there is nothing else, so kept beside the heap

-- How many are looked at in one script at most, and at least, if it has done enough before; how many places are read at a time of those that were kept.
local MOST_LOOKED, LEAST_LOOKED, READ_AT_ONCE = 200, 16, 64
-- Above every score.
local MISSED = 4503599627370496
local SIGNATURES = 20

local function comesBefore(one, other) return one.score < other.score or (one.score == other.score and one.place < other.place) end

local function addSource(sources, source)
  local at = #sources + 1
  while at > 1 do
    local above = math.floor(at / 2)
    if comesBefore(sources[above], source) then break end
    sources[at], at = sources[above], above
  end
  sources[at] = source
end

-- @return the first, which is in the heap no more
local function takeSource(sources)
  local first, count = sources[1], #sources
  local last = sources[count]
  sources[count] = nil
  count = count - 1
  if count == 0 then return first end
  local at = 1
  while true do
    local below = 2 * at
    if below > count then break end
    if below < count and comesBefore(sources[below + 1], sources[below]) then below = below + 1 end
    if comesBefore(last, sources[below]) then break end
    sources[at], at = sources[below], below
  end
  sources[at] = last
  return first
end

local SETS = { first = ':w:', ring = ':rg:', key = ':wk:', sig = ':w:' }
local function newSource(c, kind, name, score)
  local set = SETS[kind] and B .. SETS[kind] .. c.id .. (name == '' and '' or '#' .. name)
  return { place = kind .. '|' .. c.id .. '|' .. name, c = c, kind = kind, name = name, set = set, score = score, skip = 0 }
end

-- The next of the place: the first whose score is not below the place's, but for `skip` of that same score. When there is none the place is left out.
local function reopen(l, source)
  local next = call('ZRANGEBYSCORE', source.set, source.score, '+inf', 'WITHSCORES', 'LIMIT', SMALL[source.skip] or source.skip, '1')
  if not next[1] then return end
  local score = number(next[2])
  if score ~= source.score then source.score, source.skip = score, 0 end
  source.id = next[1]
  addSource(l.sources, source)
end

-- Whether the agent may be given something of the queue now.
local function isOpen(l, c)
  local is = l.open[c.id]
  if is == nil then
    is = isServing(c) and c.mode ~= '' and c.mode ~= 'manual' and not pausedIn(l.g, c.id) and isWithinLimit(l.g, c)
    l.open[c.id] = is
  end
  return is
end
local function hasRoomFor(l, medium)
  local has = l.room[medium]
  if has == nil then
    has = phones.reach(l.g, medium) and hasRoom(l.g, medium)
    l.room[medium] = has
  end
  return has
end

-- Whether what stands in that place may be given to the agent, as far as the place tells.
local function isFor(l, source)
  local c, kind = source.c, source.kind
  if not isOpen(l, c) then return false end
  if kind == 'needs' or (kind == 'ring' and c.others ~= '') then return true end
  return hasRoomFor(l, (kind == 'sig' or kind == 'key') and string.match(source.name, '^@(%a+)') or c.medium)
end

-- The queue's keys that the agent holds, with the scores of their first (false where nothing waits under one).
local function keysOf(l, c)
  local asks = { 'ZMSCORE', B .. ':wk:' .. c.id }
  if hasRoomFor(l, c.medium) then for skill in pairs(skillsIn(l.g.skillText)) do asks[#asks + 1] = skill end end
  for medium in string.gmatch(c.others, '%a+') do
    if hasRoomFor(l, medium) then asks[#asks + 1] = '@' .. medium end
  end
  work = work + #asks / 64
  return asks, #asks > 2 and call(unpack(asks)) or {}
end

local function newSearch(g) return { g = g, sources = {}, missed = {}, x = {}, looked = 0, open = {}, room = {}, able = {}, isThere = {} } end

local function beginSeeking(g)
  local l = newSearch(g)
  if not isThere(g) then return l end
  for _, q in ipairs(signedInTo(g)) do
    local c = queueOf(q)
    work = work + 1 / 16
    if isOpen(l, c) then
      local isRoom = hasRoomFor(l, c.medium)
      if isRoom then reopen(l, newSource(c, 'first', '', '-inf')) end
      -- What rings may be of another medium than the queue's.
      if c.mode == 'ring_all' and (isRoom or c.others ~= '') then reopen(l, newSource(c, 'ring', '', '-inf')) end
      if isRoom and g.skillText ~= '' or c.others ~= '' then
        local asks, scores = keysOf(l, c)
        local least
        for k = 1, #asks - 2 do
          local score = scores[k] and number(scores[k])
          if score and (not least or score < least) then least = score end
        end
        if least then addSource(l.sources, newSource(c, 'needs', '', least)) end
      end
    end
  end
  return l
end

-- Reads the next of the places that were kept; what stands behind them is stood for by the score of the last.
local function readKept(l)
  local from = l.kept
  local flat = call('ZRANGE', B .. ':mp:' .. l.g.id, from, from + READ_AT_ONCE - 1, 'WITHSCORES')
  l.kept = from + #flat / 2
  for k = 1, #flat, 2 do
    local kind, q, name = string.match(flat[k], '^(%a+)|([^|]*)|(.*)$')
    local source = newSource(queueOf(q), kind, name, number(flat[k + 1]))
    if kind == 'missed' then
      source.score = source.score - MISSED
      l.missed[#l.missed + 1] = source
    elseif not l.isThere[source.place] then
      l.isThere[source.place] = kind == 'sig'
      addSource(l.sources, source)
    end
  end
  if #flat == 2 * READ_AT_ONCE then addSource(l.sources, { kind = 'kept', place = '~', score = number(flat[#flat]) }) end
end

local function resumeSeeking(g)
  local l = newSearch(g)
  l.kept, l.isFirst = 0, string.sub(g.search, 1, 1) == 'a'
  if isThere(g) then readKept(l) end
  return l
end

-- A search is over, or begins anew.
local function endSearch(g)
  if g.search == '' then return end
  clearDeadline('match', g.id, g.search)
  g.search = ''
  writeOne(g.row, 'se', '')
end

-- Keeps what is left of the search for the script that the deadline is for.
local function suspendSearch(l, search)
  local g = l.g
  local key, asks = B .. ':mp:' .. g.id, nil
  if l.kept then call('ZREMRANGEBYRANK', key, 0, l.kept - 1) else call('DEL', key) end
  local function add(score, place)
    asks = asks or { 'ZADD', key }
    asks[#asks + 1], asks[#asks + 2] = score, place
    if #asks > 1000 then
      call(unpack(asks))
      asks = nil
    end
  end
  for _, source in ipairs(l.sources) do if source.kind ~= 'kept' then add(source.score, source.place) end end
  for _, source in ipairs(l.missed) do add(MISSED + source.score, source.place) end
  if asks then call(unpack(asks)) end
  call('EXPIRE', key, 60)
  g.search = search
  writeOne(g.row, 'se', search)
  setDeadline('match', g.id, search, now)
end

-- The signatures of a key, a page at a time; those that the agent does not satisfy are passed over.
local function readSignatures(l, source)
  local most = source.most or SIGNATURES
  local sigs = call('ZRANGEBYSCORE', source.set, source.score, '+inf', 'WITHSCORES', 'LIMIT', '0', SMALL[most] or most)
  for k = 1, #sigs, 2 do
    local sig = sigs[k]
    local isAble = l.able[sig]
    if isAble == nil then
      isAble = hasSkills(l.g, sig)
      l.able[sig] = isAble
    end
    l.looked, work = l.looked + 1, work + 1 / 32
    if not isAble then
      l.x.skill = (l.x.skill or 0) + 1
    else
      local bucket = newSource(source.c, 'sig', sig, number(sigs[k + 1]))
      if not l.isThere[bucket.place] then
        l.isThere[bucket.place] = true
        addSource(l.sources, bucket)
      end
    end
  end
  if #sigs < 2 * most then return end
  -- The last of the page may be one of several of its score.
  local last = number(sigs[#sigs])
  source.most = last == source.score and 2 * most or nil
  source.score = last
  addSource(l.sources, source)
end

local function openKeys(l, source)
  local asks, scores = keysOf(l, source.c)
  for k = 3, #asks do
    local score = scores[k - 2]
    if score then addSource(l.sources, newSource(source.c, 'key', asks[k], number(score))) end
  end
end

-- @return its fields when the agent may be given it: those that offerTo is told; and whether it rings
local function lookAt(l, source, i, spared)
  local g, x = l.g, l.x
  l.looked, work = l.looked + 1, work + 1 / 16
  local h = fields(i, 'st', 'missed', 'sta', 'stu', 'ch', 'need', 'pref', 'sig', 'oa', 'sk')
  local medium = h[5] or 'chat'
  local isRinging = h[1] == 'offered'
  if source.kind == 'ring' and not isRinging then
    -- It rings no more (a release that did not know better left it): what is held is never given away.
    call('ZREM', source.set, i)
    source.skip = source.skip - 1
  elseif h[3] and h[3] ~= '' and h[3] ~= g.id and number(h[4]) > now then
    x.sticky = (x.sticky or 0) + 1
  elseif isRinging and (contains(h[9], g.id) or not hasSkills(g, h[6] or '')) or not hasRoomFor(l, medium) then
    x.skill = (x.skill or 0) + 1
  elseif contains(h[2], g.id) then
    x.missed = (x.missed or 0) + 1
    local isSpared = i == spared and h[10] and h[10] ~= ''
    if not isRinging and not isSpared then l.missed[#l.missed + 1] = newSource(source.c, 'missed', i, source.score) end
  else
    return h, isRinging
  end
  return nil
end

-- When nothing else is left: of those that it missed the one with the best score.
local function leastMissed(l)
  while #l.missed > 0 do
    local at = 1
    for k = 2, #l.missed do if comesBefore(l.missed[k], l.missed[at]) then at = k end end
    local source = table.remove(l.missed, at)
    local h = fields(source.name, 'st', 'missed', 'sta', 'stu', 'ch', 'need', 'pref', 'sig', 'q')
    if h[1] == 'waiting' and h[9] == source.c.id and isOpen(l, source.c) and hasRoomFor(l, h[5] or 'chat') then return source, h end
  end
  return nil
end

-- The interaction with the best score that the agent may take. `spared`: one that the agent missed, left alone as long as a script to
-- come looks among others for it (a search may outlast that).
-- @return interaction, its fields, its queue, why, whether it rings; nil when there is none, or (then l.isCutShort) the script has done enough
local function nextInteraction(l, spared)
  local sources = l.sources
  while sources[1] do
    -- Of one score all are looked at, however many: the next script goes on by the score. What goes on takes one place at least, and where only what was
    -- missed is left it comes to its end.
    local isEnough = l.looked >= MOST_LOOKED or work >= ENOUGH and l.looked >= LEAST_LOOKED
    if isEnough and sources[1].score ~= l.last and sources[1].score < MISSED and (l.last or not l.kept) then
      l.isCutShort = true
      return nil
    end
    local source = takeSource(sources)
    l.last = source.score
    local i = source.id
    if source.kind == 'kept' then
      readKept(l)
    elseif not isFor(l, source) then
      -- What it was given meanwhile has left no room for that.
      i = nil
    elseif source.kind == 'needs' then
      openKeys(l, source)
    elseif source.kind == 'key' then
      readSignatures(l, source)
    elseif not i then
      reopen(l, source)
    end
    if i then
      local h, isRinging = lookAt(l, source, i, spared)
      if h then
        local next = sources[1]
        l.source = source
        return i, h, source.c,
          { by = 'agent', k = next and 'score' or 'only', v = source.score, r = next and next.id or '', rv = next and next.score or 0, n = #sources + 1, x = l.x },
          isRinging
      end
      source.skip = source.skip + 1
      reopen(l, source)
    end
  end
  -- What came meanwhile goes before what was missed: the second passage finds both.
  if l.isFirst then return nil end
  local source, h = leastMissed(l)
  if not source then return nil end
  l.source = nil
  return source.name, h, source.c, { by = 'agent', k = 'only', v = source.score, r = '', rv = 0, n = 1, x = l.x }, false
end

-- What was chosen last is in its place no more: the agent looks on, with less room.
local function taken(l)
  l.open, l.room = {}, {}
  if not (hasRoomFor(l, 'chat') or hasRoomFor(l, 'voice') or hasRoomFor(l, 'video')) then
    l.sources, l.missed = {}, {}
  elseif l.source then
    reopen(l, l.source)
  end
end
