-- noteLeg: a leg of a call is over: into the log, for history. The interaction may be closed, or have left Redis.
-- ARGV 5 leg 6 account 7 body of `call.leg` (JSON)
-- Answers: ok
-- @include base
local command = 'leg:' .. ARGV[5]
if firstResult(command) then return { 'ok', knocks } end
emit('call.leg', ARGV[6], ARGV[7], {})
keepResult(command, '1')
return { 'ok', knocks }
