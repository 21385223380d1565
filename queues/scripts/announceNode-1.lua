-- announceNode: a process that serves phones says that it is there, or (silent) that it goes. Who was silent for an hour is forgotten.
-- What was said in the future was said before the clock was set back: whose silence it is counts from now.
-- KEYS[1] prefix of the directory   ARGV 1 kind 2 id 3 what it says (JSON) 4 goes 0|1
-- Answers: 1
local key, FORGET_MS = KEYS[1] .. ':nodes:' .. ARGV[1], 3600000
local time = redis.call('TIME')
local at = time[1] * 1000 + math.floor(time[2] / 1000)
local function say(id, saidAt, json) redis.call('HSET', key, id, string.format('%.0f', saidAt) .. '|' .. json) end
say(ARGV[2], ARGV[4] == '1' and at - 60000 or at, ARGV[3])
local all = redis.call('HGETALL', key)
for k = 1, #all, 2 do
  local since, json = string.match(all[k + 1], '^(%d+)|(.*)$')
  if at - tonumber(since) > FORGET_MS then
    redis.call('HDEL', key, all[k])
  elseif tonumber(since) > at then
    say(all[k], at, json)
  end
end
return 1
