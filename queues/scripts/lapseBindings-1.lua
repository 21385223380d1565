-- lapseBindings: ends bindings that ran out, that stood at an edge that is gone, or on a flow that closed.
-- ARGV 5 due | edge | flow 6 most 7 edge 8 flow
-- Answers: ok, what lapsed (agent, account, binding as JSON; flat), more 0|1
-- @include routing
-- @include presence
-- @include bindings
local most, members = number(ARGV[6]), {}
if ARGV[5] == 'due' then
  members = call('ZRANGEBYSCORE', B .. ':pbx', '-inf', now, 'LIMIT', 0, most)
else
  local from, to = '-', '+'
  if ARGV[5] == 'flow' then from, to = '[' .. ARGV[8] .. ' ', '(' .. ARGV[8] .. '!' end
  for k, entry in ipairs(call('ZRANGEBYLEX', B .. ':pbe:' .. ARGV[7], from, to, 'LIMIT', 0, most)) do
    members[k] = string.sub(entry, string.find(entry, ' ', 1, true) + 1)
  end
end
return { 'ok', phones.lapse(members), #members == most and 1 or 0, knocks }
