-- leaveInteraction: an invited agent leaves; the owner cannot, it transfers or closes.
-- ARGV 5 interaction 6 account 7 agent 8 command
-- Answers: ok | not_found | forbidden
-- @include routing
local i, a = ARGV[5], ARGV[7]
local h = fields(i, 'acc', 'own')
if h[1] ~= ARGV[6] then return { 'not_found' } end
if firstResult(ARGV[8]) then return { 'ok', knocks } end
if h[2] == a then return { 'forbidden' } end
removeParticipant(i, a)
keepResult(ARGV[8], '1')
return { 'ok', knocks }
