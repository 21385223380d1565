-- stats: counts what happens in a queue, in the step in which it happens (RTE-9, BEY-4, SUP-4). Needs base. Two or three calls for each.
--
-- i:<interaction>  ew: the wait estimated when it entered its queue, ms, '' unknown    er: '1' when an agent was ready then
--
-- answered       an agent took it for the first time since it entered the queue; its wait is from entering to that moment, the ringing included
-- abandoned      the client left while it waited or was offered; its wait is from entering to leaving
--                Whoever is moved by a recipe, diverted or closed by staff while waiting is neither
-- handled        the owner is done with it; handle time is from taken to the end of wrap-up, or to closing where there is none
-- service level  answered within T ÷ (answered + abandoned after T), T = serviceLevelSec: who gives up earlier counts neither for nor against.
--                A changed T counts from the next half minute on
-- occupancy      time in which agents held work ÷ time in which they were signed in, not paused and on a live device
-- @include window
-- @include estimate

local WINDOW_KEPT_SEC, TOTALS_KEPT_SEC = 960, 691200

-- Opens the current half minute: its snapshot, the bases that follow from it, and what is read from the configuration.
local function openBucket(q, st)
  st = (st and string.sub(st, 1, AT_OPENED - 1) or string.rep('\0', AT_OPENED - 1))
    .. struct.pack('<dd', bucket, number(call('HGET', B .. ':q:' .. q, 'sl') or 20) * 1000)
  call('SET', B .. ':st:' .. q, st, 'EX', TOTALS_KEPT_SEC)
  call('HSET', B .. ':sw:' .. q, bucket % BUCKETS, st)
  call('EXPIRE', B .. ':sw:' .. q, WINDOW_KEPT_SEC)
  local bases = call('GET', B .. ':sb:' .. q) or st .. st .. st .. st
  local day = isBefore(bases, AT_DAY, BUCKETS_A_DAY) and st or string.sub(bases, AT_DAY, AT_HOUR - 1)
  local hours = string.sub(bases, AT_HOUR)
  if isBefore(bases, AT_HOUR, BUCKETS_AN_HOUR) then hours = st .. string.sub(bases, AT_HOUR, AT_HOUR_BEFORE - 1) end
  bases = windowBase(q) .. day .. hours
  call('SET', B .. ':sb:' .. q, bases, 'EX', TOTALS_KEPT_SEC)
  return st, bases
end

local function counters(q)
  local st = call('GET', B .. ':st:' .. q)
  if not st or struct.unpack('<d', st, AT_OPENED) < bucket then st = openBucket(q, st) end
  return st
end

local function keep(q, at, packed) call('SETRANGE', B .. ':st:' .. q, at - 1, packed) end

-- One that waited is gone. @return time in which something waited, and since when something does
local function lineMoved(q, time, since)
  if since == 0 then return time, 0 end
  return time + now - since, waitingIn(q) > 0 and now or 0
end

local function waitingBefore(q, score)
  local limit = '(' .. score
  return call('ZCOUNT', B .. ':w:' .. q, '-inf', limit) + call('ZCOUNT', B .. ':ws:' .. q, '-inf', limit)
end

-- It began to wait here: it arrived, or came from another queue. Call it when it stands in the index, by its score and under its signature, and
-- before it is matched.
local function countEntered(i, q, score, sig)
  local both = call('MGET', B .. ':st:' .. q, B .. ':sb:' .. q)
  local st, bases = both[1], both[2]
  if not st or not bases or struct.unpack('<d', st, AT_OPENED) < bucket then st, bases = openBucket(q, st) end
  local ready, online, ahead, inService = 0, 0, 0, 0
  if sig == '' then
    ready = call('ZCARD', B .. ':r:' .. q)
  elseif call('ZCARD', B .. ':w:' .. q .. '#' .. sig) == 1 then
    -- Nobody with the same needs waits, so those who are ready may well do.
    ready = call('ZCARD', B .. ':r:' .. q .. (string.match(sig, '^@%a+') or ''))
  end
  local seen, arrivals, left, late, leftMs, time, since = struct.unpack('<ddddddd', st, AT_ENTERED)
  if ready > 0 then
    -- What waits all the same does not wait for an agent to come free.
    if since > 0 and sig == '' then keep(q, AT_WAITED + 8, struct.pack('<d', 0)) end
  else
    ahead, online, inService = waitingBefore(q, score), call('SCARD', B .. ':on:' .. q), call('ZCARD', B .. ':qo:' .. q)
    -- Who was moved away or closed by hand may have left an empty line behind.
    if since > 0 and (ahead > 0 or waitingIn(q) > 1) then time = time + now - since end
    if online > 0 then seen, arrivals = seen + online, arrivals + 1 end
    keep(q, AT_ENTERED, struct.pack('<ddddddd', seen, arrivals, left, late, leftMs, time, now))
  end
  local wait = estimate(st, bases, bases, ahead, ready, online, inService)
  local row = rowOf(i)
  -- What is new has none yet that would have to go.
  if wait or row.ew or not row[NEW] then writeOne(row, 'ew', wait or '') end
  if ready > 0 or row.er or not row[NEW] then writeOne(row, 'er', ready > 0 and '1' or '') end
end

-- Call it when it has left the index. @return the wait that was estimated, ms, or nil
local function countAnswered(i, q, waitMs)
  local st = counters(q)
  local h = fields(i, 'ew', 'er')
  local time, since, starts, answered, waits, inTime, compared, off, drift, fresh, freshWaits = struct.unpack('<ddddddddddd', st, AT_WAITED)
  if since > 0 then starts = starts + 1 end
  time, since = lineMoved(q, time, since)
  if waitMs <= struct.unpack('<d', st, AT_OPENED + 8) then inTime = inTime + 1 end
  local estimated = h[1] and tonumber(h[1]) or nil
  if estimated then
    local wrong = estimated - waitMs
    compared, off, drift = compared + 1, off + math.abs(wrong), drift + wrong
  end
  if h[2] == '1' then fresh, freshWaits = fresh + 1, freshWaits + waitMs end
  keep(q, AT_WAITED, struct.pack('<ddddddddddd', time, since, starts, answered + 1, waits + waitMs, inTime, compared, off, drift, fresh, freshWaits))
  return estimated
end

-- Call it when it has left the index.
local function countAbandoned(i, q, waitMs)
  local st = counters(q)
  local left, late, leftMs, time, since = struct.unpack('<ddddd', st, AT_ABANDONED)
  if waitMs > struct.unpack('<d', st, AT_OPENED + 8) then late = late + 1 end
  time, since = lineMoved(q, time, since)
  keep(q, AT_ABANDONED, struct.pack('<ddddd', left + 1, late, leftMs + waitMs, time, since))
end

local function countHandled(i, q, handleMs)
  local st = counters(q)
  local handled, times, lately = struct.unpack('<ddd', st)
  lately = handled == 0 and handleMs or lately + (handleMs - lately) / 16
  keep(q, 1, struct.pack('<ddd', handled + 1, times + handleMs, lately))
end

-- What the agent holds, or whether it is there, has changed. Once in a command.
local function trackAgent(a, isHolding, isOnline)
  local key = B .. ':oc:' .. a
  local raw = call('HGET', key, 'h')
  local at, how, busy, online, newest = now, 0, 0, 0, bucket - 1
  if raw then at, how, busy, online, newest = struct.unpack(TRACK, raw) end
  local ring
  if newest < bucket then
    ring = { raw and call('HGET', key, 'r') or '' }
    for b = math.max(newest, bucket - BUCKETS) + 1, bucket do
      local past = math.max(b * BUCKET_MS - at, 0)
      ring[#ring + 1] = struct.pack('<I4I4', (busy + (how == 3 and past or 0)) % WRAP, (online + (how >= 2 and past or 0)) % WRAP)
    end
    ring = string.sub(table.concat(ring), -RING_ENTRY * BUCKETS)
  end
  if how == 3 then busy = busy + now - at end
  if how >= 2 then online = online + now - at end
  local head = struct.pack(TRACK, now, (isHolding and 1 or 0) + (isOnline and 2 or 0), busy, online, bucket)
  if not ring then return call('HSET', key, 'h', head) end
  call('HSET', key, 'h', head, 'r', ring)
  call('EXPIRE', key, TOTALS_KEPT_SEC)
end
