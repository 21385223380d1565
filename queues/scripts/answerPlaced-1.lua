-- answerPlaced: who was called by an agent has answered.
-- ARGV 5 interaction 6 account
-- Answers: ok | not_found | gone | wrong_state (not a call that its agent placed)
-- @include routing
local i = ARGV[5]
local h = fields(i, 'acc', 'q', 'st', 'own', 'started', 'or')
if h[1] ~= ARGV[6] then return { 'not_found' } end
if h[6] ~= 'outbound' then return { 'wrong_state' } end
if (h[5] or '') ~= '' then return { 'ok', knocks } end
if h[3] ~= 'served' then return { 'gone' } end
writeInteraction(i, 'started', nowText)
emit('interaction.answered', h[1], { i = i, q = h[2], a = h[4] }, { i = i, a = h[4] })
return { 'ok', knocks }
