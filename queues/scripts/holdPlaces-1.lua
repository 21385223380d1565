-- holdPlaces: places at a trunk, each until its time is over; whoever holds one keeps it by asking again.
-- KEYS[1] the trunk's places   ARGV 1 how long (ms) 2 most of them ('' = as many as are held) 3… places
-- Answers: 1 | 0 (all are held by others)
local time = redis.call('TIME')
local at = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', at)
if ARGV[2] ~= '' and not redis.call('ZSCORE', KEYS[1], ARGV[3]) and redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
for k = 3, #ARGV do redis.call('ZADD', KEYS[1], at + ARGV[1], ARGV[k]) end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
