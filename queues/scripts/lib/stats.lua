-- stats: counts what happens in a queue, in the step in which it happens (RTE-9, BEY-4, SUP-4). Needs base. Constant work: two or three calls.
--
-- i:<interaction>  ew: the wait estimated when it entered its queue, ms, '' unknown    er: an agent was ready then
--
-- answered       an agent took it for the first time since it entered the queue; its wait is from entering to that moment, an offer's ringing included
-- abandoned      the client left while it waited or was offered; its wait is from entering to leaving
-- handled        the owner is done with it; handle time is from taken to the end of wrap-up, or to closing where there is none
-- service level  answered within T ÷ (answered + abandoned after T), T = serviceLevelSec; who gives up earlier counts neither for nor against.
--                A changed T counts from the next half minute on.
-- occupancy      time an agent held work ÷ time it was signed in, not paused and on a live device
-- @include window
-- @include estimate

-- Opens the current half minute: its snapshot, the bases that follow from it, and what is read of the configuration.
local function openBucket(q, v)
  v[18] = bucket
  local snapshot = struct.pack(BASE, bucket, unpack(v, 1, TOTALS))
  call('HSET', B .. ':sw:' .. q, bucket % BUCKETS, snapshot)
  call('EXPIRE', B .. ':sw:' .. q, WINDOW_KEPT_SEC)
  local day = math.floor(now / A_DAY_MS)
  local bases = call('GET', B .. ':sb:' .. q)
  local dayBase = bases and string.sub(bases, BASE_BYTES + 1)
  if not dayBase or struct.unpack('<d', dayBase) ~= day then dayBase = struct.pack(BASE, day, unpack(v, 1, TOTALS)) end
  bases = windowBase(q) .. dayBase
  call('SET', B .. ':sb:' .. q, bases, 'EX', DAY_KEPT_SEC)
  local c = call('HMGET', B .. ':q:' .. q, 'sl', 'mode')
  v[19], v[22] = number(c[1] or 20) * 1000, c[2] == 'manual' and 1 or 0
  call('SET', B .. ':st:' .. q, struct.pack(HEAD, unpack(v, 1, FIELDS)), 'EX', TOTALS_KEPT_SEC)
  return bases
end

-- @return the queue's numbers, and its bases where they were read
local function counters(q, bases)
  local raw
  if bases then
    local both = call('MGET', B .. ':st:' .. q, B .. ':sb:' .. q)
    raw, bases = both[1], both[2]
  else
    raw = call('GET', B .. ':st:' .. q)
  end
  local v = raw and { struct.unpack(HEAD, raw) } or { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }
  if v[18] ~= bucket or bases == false then bases = openBucket(q, v) end
  return v, bases
end

local function keepCounters(q, v) call('SET', B .. ':st:' .. q, struct.pack(HEAD, unpack(v, 1, FIELDS)), 'KEEPTTL') end

-- Time goes on in which something waits; the line may have become empty.
local function accrueWaiting(q, v, mayBeEmpty)
  if v[21] == 0 then return end
  v[15], v[21] = v[15] + now - v[21], now
  if mayBeEmpty and call('ZCARD', B .. ':wa:' .. q) == 0 then v[21] = 0 end
end

-- It began to wait here: it arrived, or was moved from another queue. Called when it stands in wa:<queue>, before it is matched.
local function countEntered(i, q)
  local v, bases = counters(q, true)
  local d = since(v, bases, 1)
  local ready = call('ZCARD', B .. ':r:' .. q)
  local ahead = 0
  if ready == 0 or v[22] == 1 then ahead = call('ZRANK', B .. ':wa:' .. q, i) or call('ZCARD', B .. ':wa:' .. q) end
  if ready > ahead then
    call('HSET', B .. ':i:' .. i, 'ew', math.floor(answerDelay(d) + 0.5), 'er', '1')
    return
  end
  local online = call('SCARD', B .. ':on:' .. q)
  accrueWaiting(q, v, false)
  v[21] = now
  if online > 0 then v[16], v[17] = v[16] + online, v[17] + 1 end
  keepCounters(q, v)
  local wait = estimate(v, since(v, bases, 1), since(v, bases, BASE_BYTES + 1), ahead, ready, online, call('ZCARD', B .. ':qo:' .. q))
  call('HSET', B .. ':i:' .. i, 'ew', wait or '', 'er', '')
end

local function countAnswered(i, q, waitMs)
  local v = counters(q)
  local h = call('HMGET', B .. ':i:' .. i, 'ew', 'er')
  v[1], v[2] = v[1] + 1, v[2] + waitMs
  if waitMs <= v[19] then v[3] = v[3] + 1 end
  if h[1] and h[1] ~= '' then
    local missed = number(h[1]) - waitMs
    v[9], v[10], v[11] = v[9] + 1, v[10] + math.abs(missed), v[11] + missed
  end
  if h[2] == '1' then v[12], v[13] = v[12] + 1, v[13] + waitMs end
  if v[21] > 0 then
    v[14] = v[14] + 1
    accrueWaiting(q, v, true)
  end
  keepCounters(q, v)
end

local function countAbandoned(i, q, waitMs)
  local v = counters(q)
  v[4], v[6] = v[4] + 1, v[6] + waitMs
  if waitMs > v[19] then v[5] = v[5] + 1 end
  accrueWaiting(q, v, true)
  keepCounters(q, v)
end

local function countHandled(i, q, handleMs)
  local v = counters(q)
  v[7], v[8] = v[7] + 1, v[8] + handleMs
  v[20] = v[20] == 0 and handleMs or v[20] + (handleMs - v[20]) / 16
  keepCounters(q, v)
end

-- What the agent holds, or whether it is there, has changed. Layout of oc:<agent>: window.
local function trackAgent(a, isHolding, isOnline)
  local key = B .. ':oc:' .. a
  local raw = call('HGET', key, 'h')
  local at, how, busy, online, newest = now, 0, 0, 0, bucket - 1
  if raw then at, how, busy, online, newest = struct.unpack(TRACK, raw) end
  local isBusy = how == 3
  local wasOnline = how >= 2
  local ring
  if newest < bucket then
    ring = { raw and call('HGET', key, 'r') or '' }
    for b = math.max(newest + 1, bucket - BUCKETS + 1), bucket do
      local past = b * BUCKET_MS - at
      if past < 0 then past = 0 end
      ring[#ring + 1] = struct.pack('<I4I4', (busy + (isBusy and past or 0)) % WRAP, (online + (wasOnline and past or 0)) % WRAP)
    end
    ring = string.sub(table.concat(ring), -RING_ENTRY * BUCKETS)
  end
  if isBusy then busy = busy + now - at end
  if wasOnline then online = online + now - at end
  local head = struct.pack(TRACK, now, (isHolding and 1 or 0) + (isOnline and 2 or 0), busy, online, bucket)
  if not ring then return call('HSET', key, 'h', head) end
  call('HSET', key, 'h', head, 'r', ring)
  call('EXPIRE', key, TOTALS_KEPT_SEC)
end
