-- changeOutcome: while the wrap-up runs, its agent says how what is closed ended, or says it anew (APP-7). An empty note leaves what was written.
-- ARGV 5 interaction 6 account 7 agent 8 outcome 9 note 10 command
-- Answers: ok | not_found | wrong_state | outcome_required
-- @include routing
local i, a, outcome = ARGV[5], ARGV[7], ARGV[8]
if agentFields(a, 'acc')[1] ~= ARGV[6] then return { 'not_found' } end
if firstResult(ARGV[10]) then return { 'ok', knocks } end
local till, q = readWrapUp(i, a)
if not till then return { 'wrong_state' } end
local kind = ''
if outcome ~= '' then kind = call('HGET', B .. ':qout:' .. q, outcome) end
if not kind or (outcome == '' and queueOf(q).isOutcomeRequired) then return { 'outcome_required' } end
-- Its keys may be gone before a long wrap-up is over: history is told all the same, and nothing is left that no one removes.
if fields(i, 'acc')[1] then writeInteraction(i, 'outcome', outcome) end
emit('outcome.changed', ARGV[6], { i = i, q = q, a = a, outcome = outcome, kind = kind, note = ARGV[9] }, { a = a })
keepResult(ARGV[10], '1')
return { 'ok', knocks }
