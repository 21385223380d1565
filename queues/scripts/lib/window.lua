-- window: what is counted of a queue, and how its last 15 minutes and its day are taken from that. Needs clock (B, call, now).
--
-- st:<queue>  the counters: 21 packed numbers. Totals only grow; times in ms
--    1 handled                2 their handle times       3 handle time, exponentially weighted (no total)
--    4 agents online, summed over those who came when none was ready   5 number of those
--    6 abandoned              7 after the service level's time   8 their waits
--    9 time in which something waited for an agent      10 since when something does, or 0 (no total)   11 answered in that time
--   12 answered              13 their waits             14 within the service level's time
--   15 estimates compared    16 their absolute errors   17 their errors (estimate − wait)
--   18 answered that had found an agent ready           19 their waits
--   20 bucket opened last (no total)    21 service level's time (no total)
-- sw:<queue>  snapshots: bucket mod 30 → the counters as they were when that bucket was opened
-- sb:<queue>  four of those, one after the other: of the first bucket of the window, of the day, of the hour and of the hour before in which
--             something was counted
-- oc:<agent>  h: since when it is as it is, how (1 holding work + 2 online), time busy and time online until then, bucket of the last in r
--             r: those two times, mod 2^32, as they were when each of the last 30 buckets began
--
-- The window is the current half minute and the 29 before. What happened in it is the totals less those when the first of its buckets was
-- opened: counting costs the same however much happens, and nothing is ever taken out again. All of it expires by itself, the totals last.

local BUCKET_MS, BUCKETS, BUCKETS_AN_HOUR, BUCKETS_A_DAY = 30000, 30, 120, 2880
local COUNTERS, FIRST_13 = '<ddddddddddddddddddddd', '<ddddddddddddd'
-- Where a number begins in the packed text.
local AT_ENTERED, AT_ABANDONED, AT_WAITED, AT_FRESH, AT_OPENED = 25, 41, 65, 137, 153
local AT_DAY, AT_HOUR, AT_HOUR_BEFORE = 169, 337, 505
local TRACK, RING_ENTRY, WRAP = '<ddddd', 8, 4294967296
local bucket
-- @each
bucket = math.floor(now / BUCKET_MS)
-- @end

-- Whether the snapshot that begins there was taken in another period than the present.
local function isBefore(packed, at, buckets)
  return math.floor(struct.unpack('<d', packed, at + AT_OPENED - 1) / buckets) < math.floor(bucket / buckets)
end

-- The snapshot with which the window that ends now begins; nil when nothing was counted in it.
local function windowBase(q)
  local base, first
  for _, snapshot in ipairs(call('HVALS', B .. ':sw:' .. q)) do
    local opened = struct.unpack('<d', snapshot, AT_OPENED)
    if opened > bucket - BUCKETS and (not first or opened < first) then base, first = snapshot, opened end
  end
  return base
end

-- How many wait in the queue: those without needs and those with (lib/waiting).
local function waitingIn(q) return call('ZCARD', B .. ':w:' .. q) + call('ZCARD', B .. ':ws:' .. q) end
