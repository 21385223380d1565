-- waiting: the index of what waits, by what it needs (RTE-1, RTE-3). Needs agents.
--
-- w:<queue>            without needs, by static score: virtual start − priority × weight, so ageing needs no rewriting
-- w:<queue>#<sig>      one bucket for each signature: `skill=level,skill=level`, led by `@medium` where that is not the queue's
-- ws:<queue>           all that wait with needs, over the buckets
-- wb:<queue>           signature → its key: the skill that the fewest agents hold, or `@medium`
-- wk:<queue>#<key>     signatures with that key by the score of their first        wk:<queue>  keys by the score of their first
-- A freed agent asks each of its queues for the first without needs and for the keys it holds: its cost does not depend on how many wait, nor on
-- what those need that it cannot serve.

-- Needs of two kinds as one, the higher level of each: `skill=level,…`, sorted, so that equal needs read alike.
local function mergeNeeds(left, right)
  if left == '' or right == '' then return left .. right end
  local levels, named = {}, {}
  for skill, level in string.gmatch(left .. ',' .. right, '([^=,]+)=(%d+)') do
    if not levels[skill] then named[#named + 1] = skill end
    levels[skill] = math.max(levels[skill] or 0, tonumber(level))
  end
  table.sort(named)
  for k, skill in ipairs(named) do named[k] = skill .. '=' .. levels[skill] end
  return table.concat(named, ',')
end

-- What is still needed when every level is lowered; a level below 1 is needed no more.
local function lowerNeeds(need, by)
  local kept = {}
  for skill, level in string.gmatch(need, '([^=,]+)=(%d+)') do
    if tonumber(level) - by >= 1 then kept[#kept + 1] = skill .. '=' .. (tonumber(level) - by) end
  end
  return table.concat(kept, ',')
end

local function signature(c, medium, need)
  if medium == c.medium then return need end
  return need == '' and '@' .. medium or '@' .. medium .. ',' .. need
end

local function keyOf(sig)
  local medium = string.match(sig, '^(@%a+)')
  if medium then return medium end
  local key, fewest
  for skill in string.gmatch(sig, '([^=,]+)=') do
    local count = call('SCARD', B .. ':hs:' .. skill)
    if not fewest or count < fewest then key, fewest = skill, count end
  end
  return key
end

-- The first of a bucket changed: its signature and its key stand by the new score, or leave.
local function placeBucket(q, sig, score)
  local keys, key = B .. ':wk:' .. q, call('HGET', B .. ':wb:' .. q, sig)
  if not key then
    key = keyOf(sig)
    call('HSET', B .. ':wb:' .. q, sig, key)
  end
  if score then
    call('ZADD', keys .. '#' .. key, score, sig)
  else
    call('ZREM', keys .. '#' .. key, sig)
    call('HDEL', B .. ':wb:' .. q, sig)
  end
  local first = call('ZRANGE', keys .. '#' .. key, 0, 0, 'WITHSCORES')
  if first[1] then call('ZADD', keys, first[2], key) else call('ZREM', keys, key) end
end

-- Adds it to the index. @return its signature, which the interaction keeps
local function addWaiting(i, c, score, medium, need)
  local sig = signature(c, medium, need)
  if sig == '' then
    call('ZADD', B .. ':w:' .. c.id, score, i)
    return sig
  end
  local bucket = B .. ':w:' .. c.id .. '#' .. sig
  call('ZADD', bucket, score, i)
  call('ZADD', B .. ':ws:' .. c.id, score, i)
  if call('ZRANGE', bucket, 0, 0)[1] == i then placeBucket(c.id, sig, score) end
  return sig
end

local function removeWaiting(i, q, sig)
  if not sig or sig == '' then
    call('ZREM', B .. ':w:' .. q, i)
    return
  end
  local bucket = B .. ':w:' .. q .. '#' .. sig
  local isFirst = call('ZRANGE', bucket, 0, 0)[1] == i
  call('ZREM', bucket, i)
  call('ZREM', B .. ':ws:' .. q, i)
  if isFirst then placeBucket(q, sig, call('ZRANGE', bucket, 0, 0, 'WITHSCORES')[2]) end
end

-- When the next step of relaxation is due: `after=lower,…` in seconds since it came into the queue. @return step, due, lowered by; or nil
local function nextRelaxation(c, since, done)
  local step = 0
  for after, by in string.gmatch(c.relaxation, '(%d+)=(%d+)') do
    step = step + 1
    if step > done then return step, since + tonumber(after) * 1000, tonumber(by) end
  end
  return nil
end
