-- extendWrapUp: later end, if the queue lets the agent (RTE-8).
-- ARGV 5 interaction 6 account 7 agent 8 by (ms) 9 supervisor 0|1 10 command
-- Answers: ok | forbidden | not_found | wrong_state
-- @include routing
local i, a = ARGV[5], ARGV[7]
if agentFields(a, 'acc')[1] ~= ARGV[6] then return { 'not_found' } end
if firstResult(ARGV[10]) then return { 'ok', knocks } end
local till, q, medium = readWrapUp(i, a)
if not till then return { 'wrong_state' } end
till = till + number(ARGV[8])
if ARGV[9] ~= '1' and call('HGET', B .. ':q:' .. q, 'cxw') ~= '1' then return { 'forbidden' } end
call('HSET', B .. ':aw:' .. a, i, till .. '|' .. q .. (medium == 'chat' and '' or '|' .. medium))
setDeadline('wrapup', i, a, till)
call('EXPIRE', B .. ':i:' .. i, math.ceil((till - now) / 1000) + UNWATCHED_KEPT_SEC, 'GT')
emit('wrapup.extended', ARGV[6], { i = i, q = q, a = a, ['until'] = till }, { a = a })
keepResult(ARGV[10], '1')
return { 'ok', knocks }
