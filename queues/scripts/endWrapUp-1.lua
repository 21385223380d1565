-- endWrapUp: early, if the queue lets the agent; a supervisor always may (RTE-8). Ended already: ok.
-- ARGV 5 interaction 6 account 7 agent 8 supervisor 0|1
-- Answers: ok | forbidden | not_found
-- @include routing
local i, a = ARGV[5], ARGV[7]
if agentOf(a).acc ~= ARGV[6] then return { 'not_found' } end
local till, q = readWrapUp(i, a)
if not till then return { 'ok', knocks } end
if ARGV[8] ~= '1' and not queueOf(q).canEndWrapUp then return { 'forbidden' } end
endWrapUp(i, a, ARGV[8] == '1' and 'supervisor' or 'agent')
return { 'ok', knocks }
