-- sweepPartition: fires due offers and, as a repair, deadlines whose knock is later than the grace; at most 50 each, so no script is long.
-- ARGV 5 grace (ms) for lost knocks
-- Answers: ok, offers fired, lost knocks fired, more 0|1, lapsed nodes (node|epoch …)
-- @include routing
-- @include presence
-- @include timers
local offers, lost = 0, 0
local due = call('ZRANGEBYSCORE', B .. ':due:offer', '-inf', now, 'LIMIT', 0, 50)
for _, member in ipairs(due) do if fire(member) then offers = offers + 1 end end
local late = call('ZRANGEBYSCORE', B .. ':due:knock', '-inf', now - number(ARGV[5]), 'LIMIT', 0, 50)
for _, member in ipairs(late) do if fire(member) then lost = lost + 1 end end
local lapsed = {}
local nodes = call('HGETALL', B .. ':nodes')
for k = 1, #nodes, 2 do
  local bar = string.find(nodes[k + 1], '|', 1, true)
  if number(string.sub(nodes[k + 1], bar + 1)) < now then lapsed[#lapsed + 1] = nodes[k] .. '|' .. string.sub(nodes[k + 1], 1, bar - 1) end
end
return { 'ok', offers, lost, (#due == 50 or #late == 50) and 1 or 0, lapsed, knocks }
