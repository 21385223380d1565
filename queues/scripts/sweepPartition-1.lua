-- sweepPartition: fires due offers and, as a repair, deadlines whose knock is later than the grace; a part of them, so no script is long.
-- ARGV 5 grace (ms) for lost knocks
-- Answers: ok, offers fired, lost knocks fired, more 0|1, lapsed nodes (node|epoch …)
-- @include routing
-- @include presence
-- @include timers
local offers, hasOffers = firePart('offer', nowText)
local lost, hasLost = firePart('knock', now - number(ARGV[5]))
local lapsed = {}
local nodes = call('HGETALL', B .. ':nodes')
for k = 1, #nodes, 2 do
  local bar = string.find(nodes[k + 1], '|', 1, true)
  if number(string.sub(nodes[k + 1], bar + 1)) < now then lapsed[#lapsed + 1] = nodes[k] .. '|' .. string.sub(nodes[k + 1], 1, bar - 1) end
end
table.sort(lapsed)
return { 'ok', offers, lost, (hasOffers or hasLost) and 1 or 0, lapsed, knocks }
