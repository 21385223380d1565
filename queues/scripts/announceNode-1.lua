-- announceNode: a process that serves phones says that it is there, or (silent) that it goes. Who was silent for an hour is forgotten.
-- KEYS[1] prefix of the directory   ARGV 1 kind 2 id 3 what it says (JSON) 4 goes 0|1
-- Answers: 1
local key, FORGET_MS = KEYS[1] .. ':nodes:' .. ARGV[1], 3600000
local time = redis.call('TIME')
local at = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', key, ARGV[2], string.format('%.0f', ARGV[4] == '1' and at - 60000 or at) .. '|' .. ARGV[3])
local all = redis.call('HGETALL', key)
for k = 1, #all, 2 do
  if at - tonumber(string.match(all[k + 1], '^%d+')) > FORGET_MS then redis.call('HDEL', key, all[k]) end
end
return 1
