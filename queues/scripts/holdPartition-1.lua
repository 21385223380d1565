-- holdPartition: a worker takes or keeps the work of a partition (sweeping, durable readers), so that one worker does it at a time.
-- ARGV 1 holder 2 for (ms) 3 give up 0|1
-- Answers: 1 held | 0 another holds it
local key = KEYS[1] .. ':worker'
local standing = redis.call('GET', key)
if standing and standing ~= ARGV[1] then return 0 end
if ARGV[3] == '1' then
  redis.call('DEL', key)
  return 0
end
redis.call('SET', key, ARGV[1], 'PX', ARGV[2])
return 1
