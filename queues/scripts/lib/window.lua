-- window: what is counted of a queue, and how its last 15 minutes and its day are taken from that. Needs clock (B, call, now).
--
-- st:<queue>  packed numbers, rewritten by every count: totals that only grow, 1–17, then what else is kept, 18–22
--    1 answered                  2 their waits, ms          3 of them within the service level's time
--    4 abandoned                 5 of them after that time  6 their waits, ms
--    7 handled                   8 their handle times, ms
--    9 estimates compared       10 absolute errors, ms     11 errors (estimate − wait), ms
--   12 answered, an agent was ready when they came         13 their waits, ms
--   14 answered while something waited                     15 time in which something waited, ms
--   16 agents online, summed over those who came then      17 number of those
--   18 bucket opened last       19 service level's time, ms   20 handle time, exponentially weighted, ms
--   21 something waits since, or 0                         22 whether agents choose for themselves (manual)
-- sb:<queue>  two bases: window (bucket, totals 1–17), day (day, totals 1–17)
-- sw:<queue>  bucket mod 30 → bucket, totals 1–17 as they were when that bucket was opened
-- oc:<agent>  h: since when it is as it is, how (1 holding work + 2 online), time busy and time online until then, ms, bucket of the last in r
--             r: those two times, mod 2^32, as they were when each of the last 30 buckets began
--
-- The window is the current half minute and the 29 before. What happened in it is the totals less those when the first of its buckets was
-- opened: counting costs the same however much happens, and nothing is ever taken out again. All of it expires by itself, the totals last.

local BUCKET_MS, BUCKETS, A_DAY_MS = 30000, 30, 86400000
local TOTALS, FIELDS = 17, 22
local HEAD, BASE, BASE_BYTES = '<dddddddddddddddddddddd', '<dddddddddddddddddd', 144
local TRACK, RING_ENTRY, WRAP = '<ddddd', 8, 4294967296
local WINDOW_KEPT_SEC, DAY_KEPT_SEC, TOTALS_KEPT_SEC = 960, 172800, 691200
local bucket = math.floor(now / BUCKET_MS)

-- The snapshot with which the window that ends now begins. @return bucket, totals 1–17; nil when nothing was counted in it
local function windowBase(q)
  local base, first
  for _, snapshot in ipairs(call('HVALS', B .. ':sw:' .. q)) do
    local opened = struct.unpack('<d', snapshot)
    if opened > bucket - BUCKETS and (not first or opened < first) then base, first = snapshot, opened end
  end
  return base
end

-- What was counted since a base, as a list of totals. `at`: where the base begins in the packed text
local function since(v, base, at)
  local from = { struct.unpack(BASE, base, at) }
  local d = {}
  for k = 1, TOTALS do d[k] = v[k] - from[k + 1] end
  return d
end

-- For scripts that only read, whatever was opened last. @return numbers, of the window, of the day
local function queueCounters(q)
  local kept = call('MGET', B .. ':st:' .. q, B .. ':sb:' .. q)
  local v, d, today = {}, {}, {}
  for k = 1, FIELDS do v[k], d[k], today[k] = 0, 0, 0 end
  if not kept[1] then return v, d, today end
  v = { struct.unpack(HEAD, kept[1]) }
  local base = windowBase(q)
  if base then d = since(v, base, 1) end
  if kept[2] and struct.unpack('<d', kept[2], BASE_BYTES + 1) == math.floor(now / A_DAY_MS) then today = since(v, kept[2], BASE_BYTES + 1) end
  return v, d, today
end

-- Time an agent was busy, and online, within the window.
local function agentTimes(a)
  local h = call('HMGET', B .. ':oc:' .. a, 'h', 'r')
  if not h[1] then return 0, 0 end
  local at, how, busy, online, newest = struct.unpack(TRACK, h[1])
  local first = bucket - BUCKETS + 1
  local begin, fromBusy, fromOnline = at, busy, online
  if newest < first then
    begin = first * BUCKET_MS
  else
    local entry = first - newest + #h[2] / RING_ENTRY - 1
    fromBusy, fromOnline = struct.unpack('<I4I4', h[2], (entry > 0 and entry or 0) * RING_ENTRY + 1)
  end
  return ((how == 3 and now - begin or 0) + busy - fromBusy) % WRAP, ((how >= 2 and now - begin or 0) + online - fromOnline) % WRAP
end
