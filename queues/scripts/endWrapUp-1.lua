-- endWrapUp: early, if the queue lets the agent; a supervisor always may (RTE-8). Ended already: ok.
-- ARGV 5 interaction 6 account 7 agent 8 supervisor 0|1
-- Answers: ok | forbidden | not_found
-- @include base
-- @include agents
-- @include lifecycle
local i, a = ARGV[5], ARGV[7]
if call('HGET', B .. ':a:' .. a, 'acc') ~= ARGV[6] then return { 'not_found' } end
local entry = call('HGET', B .. ':aw:' .. a, i)
if not entry then return { 'ok', knocks } end
local q = string.sub(entry, string.find(entry, '|', 1, true) + 1)
if ARGV[8] ~= '1' and call('HGET', B .. ':q:' .. q, 'cew') ~= '1' then return { 'forbidden' } end
endWrapUp(i, a, ARGV[8] == '1' and 'supervisor' or 'agent')
return { 'ok', knocks }
