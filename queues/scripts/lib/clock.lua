-- clock: what time it is in a partition. It never runs backwards, and it never stands still. Every script that changes something includes it first.
--
-- A clock that was set back leaves the partition ahead of it (meta: ahead, ms): time goes on from where it was, a tenth slower than the clock,
-- until the clock has caught up. So deadlines and leases run out although the machine's clock says they lie far ahead.
-- KEYS[1] prefix of the partition   ARGV[4] explicit time in ms, honoured on partitions marked virtual
-- @include spoken
local ahead
-- @each
B, call = KEYS[1], redis.call
meta = call('HMGET', B .. ':meta', 'now', 'epoch', 'full', 'virtual', 'ahead', 'rec')
ahead = tonumber(meta[5] or '0')
do
  local last = tonumber(meta[1] or '0')
  if meta[4] then
    now = math.max(tonumber(ARGV[4]) or 0, last)
  else
    local time = call('TIME')
    local clock = time[1] * 1000 + math.floor(time[2] / 1000)
    now = clock + ahead
    if now < last then
      now, ahead = last, last - clock
      call('HSET', B .. ':meta', 'ahead', ahead)
    elseif ahead > 0 then
      local slower = math.min(ahead, math.floor((now - last) / 10))
      now, ahead = now - slower, ahead - slower
    end
  end
  nowText = now .. ''
end
-- @end
-- @include recorded
