-- fireDue: a knock for a slot of time: fires what is due, a part of it. Early, late or twice: nothing happens.
-- ARGV 5 till when it knocks (ms by the partition's time), 0 at once
-- Answers: ok, more 0|1 (whoever knocks goes on), in how many ms to knock again because it came too early (0: not at all), how late (ms) the first of it was
-- @include routing
-- @include presence
-- @include timers
local before = call('ZRANGE', B .. ':due:knock', '0', '0', 'WITHSCORES')[2]
local _, isMore = firePart('knock', nowText)
if not isMore then
  -- Longer work that goes on at once was set just now: its knock is this one.
  local first = call('ZRANGE', B .. ':due:knock', '0', '0', 'WITHSCORES')
  isMore = first[1] and number(first[2]) <= now and FIRES[string.match(first[1], '^%a+')] ~= nil
end
local asked = {}
for k = 1, #knocks, 2 do
  if knocks[k] ~= '0' or not isMore then asked[#asked + 1], asked[#asked + 2] = knocks[k], knocks[k + 1] end
end
return { 'ok', isMore and 1 or 0, math.max(0, number(ARGV[5]) - now), before and math.max(0, now - number(before)) or 0, asked }
