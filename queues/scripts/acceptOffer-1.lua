-- acceptOffer: the offered agent, or the first of those who are rung, takes it. The token makes a late accept harmless; the same accept again is answered ok.
-- ARGV 5 interaction 6 account 7 agent 8 token
-- Answers: ok, view | offer_gone | not_found
-- @include routing
local i, a, tok = ARGV[5], ARGV[7], ARGV[8]
local h = know(rowOf(i), ACCEPTING)
if h.acc ~= ARGV[6] then return { 'not_found' } end
if h.st == 'served' and h.own == a and h.tok == tok then return { 'ok', viewText(i), knocks } end
if h.st ~= 'offered' or not contains(h.oa, a) or h.tok ~= tok then return { 'offer_gone' } end
takeOffered(i, h.q, a, { oa = h.oa, tok = tok, medium = h.ch or 'chat' })
return { 'ok', viewText(i), knocks }
