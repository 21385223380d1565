-- reading: the time, the counters of a queue and the times of its agents for scripts that only read. It changes nothing, so its time may be a
-- little ahead of `clock` while a clock that was set back catches up.
--
-- KEYS[1] prefix of the partition   ARGV[1] explicit time in ms, honoured on partitions marked virtual
-- @include spoken
-- @each
B, call = KEYS[1], redis.call
meta = call('HMGET', B .. ':meta', 'now', 'epoch', 'virtual', 'ahead')
now = number(ARGV[1])
if not meta[3] then
  local time = call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000) + number(meta[4])
end
now = math.max(now, number(meta[1]))
-- @end
-- @include window
-- @include estimate

-- @return counters now, when the window began (nil: nothing was counted in it), when the day began (nil: nothing today), all bases; nil: no counters
local function readCounters(q)
  local kept = call('MGET', B .. ':st:' .. q, B .. ':sb:' .. q)
  local st, bases = kept[1], kept[2]
  if not st or not bases then return nil end
  local day = not isBefore(bases, AT_DAY, BUCKETS_A_DAY) and string.sub(bases, AT_DAY, AT_HOUR - 1) or nil
  return st, windowBase(q), day, bases
end

-- What was counted since `base`, as a list; zeros when there is none.
local function countedSince(base, st)
  local counted = st and { struct.unpack(COUNTERS, st) } or {}
  local before = base and { struct.unpack(COUNTERS, base) } or counted
  for k = 1, 19 do counted[k] = (counted[k] or 0) - (before[k] or 0) end
  return counted
end

-- The estimate for one with `ahead` before it, or ''.
local function readEstimate(q, st, window, bases, ahead)
  local ready, online, inService = call('ZCARD', B .. ':r:' .. q), call('SCARD', B .. ':on:' .. q), call('ZCARD', B .. ':qo:' .. q)
  if not st then return ready > 0 and 0 or '' end
  return estimate(st, window or st, bases, ahead, ready, online, inService) or ''
end

-- Time in which an agent was busy, and online, within the window.
local function agentTimes(a)
  local h = call('HMGET', B .. ':oc:' .. a, 'h', 'r')
  if not h[1] then return 0, 0 end
  local at, how, busy, online, newest = struct.unpack(TRACK, h[1])
  local first = bucket - BUCKETS + 1
  local begin, busyThen, onlineThen = at, busy, online
  if newest < first then
    begin = first * BUCKET_MS
  else
    local entry = math.max(first - newest - 1 + #h[2] / RING_ENTRY, 0)
    busyThen, onlineThen = struct.unpack('<I4I4', h[2], entry * RING_ENTRY + 1)
  end
  return ((how == 3 and now - begin or 0) + busy - busyThen) % WRAP, ((how >= 2 and now - begin or 0) + online - onlineThen) % WRAP
end

-- How many stand before this one in the queue, by score; nil when it does not wait there.
local function aheadOf(q, i)
  local sets = { B .. ':w:' .. q, B .. ':ws:' .. q }
  for k = 1, 2 do
    local rank = call('ZRANK', sets[k], i)
    if rank then return rank + call('ZCOUNT', sets[3 - k], '-inf', '(' .. call('ZSCORE', sets[k], i)) end
  end
  return nil
end
