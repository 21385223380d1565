-- readClock: what time it is for a script that only reads. Changes nothing, so it may lag behind `clock` while a clock that was set back catches up.
--
-- KEYS[1] prefix of the partition   ARGV[1] explicit time in ms, honoured on partitions marked virtual
local B, call = KEYS[1], redis.call
local meta = call('HMGET', B .. ':meta', 'now', 'epoch', 'virtual', 'ahead')
local function number(text) return tonumber(text or '0') or 0 end
local now
do
  local last = number(meta[1])
  if meta[3] then
    now = math.max(number(ARGV[1]), last)
  else
    local time = call('TIME')
    now = math.max(time[1] * 1000 + math.floor(time[2] / 1000) + number(meta[4]), last)
  end
end
