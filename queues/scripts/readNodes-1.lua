-- readNodes: processes of a kind and for how long each has been silent.
-- KEYS[1] prefix of the directory   ARGV 1 kind
-- Answers: id, silent (ms), what it said (JSON) …, flat, in order of the ids
local time = redis.call('TIME')
local at = time[1] * 1000 + math.floor(time[2] / 1000)
local all, ids, said = redis.call('HGETALL', KEYS[1] .. ':nodes:' .. ARGV[1]), {}, {}
for k = 1, #all, 2 do
  ids[#ids + 1] = all[k]
  said[all[k]] = all[k + 1]
end
table.sort(ids)
local answer = {}
for _, id in ipairs(ids) do
  local since, json = string.match(said[id], '^(%d+)|(.*)$')
  answer[#answer + 1], answer[#answer + 2], answer[#answer + 3] = id, tostring(math.max(at - tonumber(since), 0)), json
end
return answer
