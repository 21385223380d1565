-- readQueue: the overview of a queue: what waits (best first), what is served; at most 100 each.
-- ARGV 1 queue 2 account
-- Answers: epoch, offset, views | false
local B, call = KEYS[1], redis.call
local q = ARGV[1]
if call('HGET', B .. ':q:' .. q, 'acc') ~= ARGV[2] then return false end
local views = {}
for _, set in ipairs({ ':w:', ':qo:' }) do
  for _, i in ipairs(call('ZRANGE', B .. set .. q, 0, 99)) do views[#views + 1] = { i, call('HGETALL', B .. ':i:' .. i) } end
end
return { call('HGET', B .. ':meta', 'epoch'), tonumber(call('HGET', B .. ':ql:' .. q, 'off') or '0'), views }
