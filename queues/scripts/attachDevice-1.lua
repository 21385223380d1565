-- attachDevice: a device of the agent is live (RTE-4). A newer connection of the same device replaces the older.
-- ARGV 5 agent 6 account 7 device 8 name 9 connection 10 phone 0|1: calls can reach the agent there
-- Answers: ok | not_found | forbidden
-- @include routing
-- @include presence
local a, device = ARGV[5], ARGV[7]
local h = agentFields(a, 'acc', 'act')
if h[1] ~= ARGV[6] then return { 'not_found' } end
if h[2] ~= '1' then return { 'forbidden' } end
-- Forget the oldest devices that are not live, so that the list stays short.
local known = call('HGETALL', B .. ':ad:' .. a)
if #known >= 20 then
  for k = 1, #known, 2 do
    if string.sub(known[k + 1], 1, 1) == '|' then call('HDEL', B .. ':ad:' .. a, known[k]) end
  end
end
call('HSET', B .. ':ad:' .. a, device, ARGV[9] .. '|' .. nodeId .. '|' .. ARGV[2] .. '|' .. ARGV[8])
call('SADD', holderKey(), 'd|' .. a .. '|' .. device .. '|' .. ARGV[9])
devicesChanged(a, device, ARGV[10] == '1')
return { 'ok', knocks }
