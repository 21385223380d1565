-- readQueue: what waits in a queue (best first), and what is offered, served or ended in it; at most 100 each.
-- ARGV 1 queue 2 account
-- Answers: epoch, offset, interactions | false
local B, call = KEYS[1], redis.call
local q = ARGV[1]
if call('HGET', B .. ':q:' .. q, 'acc') ~= ARGV[2] then return false end
-- What waits stands in two sets, with needs and without, each by score.
local waiting, listed = {}, {}
for _, set in ipairs({ ':w:', ':ws:' }) do
  local part = call('ZRANGE', B .. set .. q, 0, 99, 'WITHSCORES')
  for k = 1, #part, 2 do waiting[#waiting + 1] = { part[k], tonumber(part[k + 1]) } end
end
table.sort(waiting, function(left, right)
  if left[2] ~= right[2] then return left[2] < right[2] end
  return left[1] < right[1]
end)
for k = 1, math.min(#waiting, 100) do listed[k] = waiting[k][1] end
for _, i in ipairs(call('ZRANGE', B .. ':qo:' .. q, 0, 99)) do listed[#listed + 1] = i end
return { call('HGET', B .. ':meta', 'epoch'), tonumber(call('HGET', B .. ':ql:' .. q, 'off') or '0'), listed }
