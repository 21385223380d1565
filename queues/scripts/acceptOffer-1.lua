-- acceptOffer: the offered agent, or the first of those who are rung, takes it. The token makes a late accept harmless; the same accept again is answered ok.
-- ARGV 5 interaction 6 account 7 agent 8 token
-- Answers: ok, view | offer_gone | not_found
-- @include routing
local i, a, tok = ARGV[5], ARGV[7], ARGV[8]
local h = fields(i, 'acc', 'q', 'st', 'oa', 'tok', 'own', 'ch', 'started', 'qs', 'start', 'rxD', 'rcD', 'sta', 'ew', 'er', 'off')
if h[1] ~= ARGV[6] then return { 'not_found' } end
if h[3] == 'served' and h[6] == a and h[5] == tok then return { 'ok', view(i), knocks } end
if h[3] ~= 'offered' or not contains(h[4], a) or h[5] ~= tok then return { 'offer_gone' } end
takeOffered(i, h[2], a, { oa = h[4], tok = tok, medium = h[7] or 'chat' })
return { 'ok', view(i), knocks }
