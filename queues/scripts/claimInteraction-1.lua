-- claimInteraction: an agent takes a waiting conversation by hand (RTE-2 manual; allowed in every mode).
-- ARGV 5 interaction 6 account 7 agent
-- Answers: ok, view | not_found | gone | already_taken, owner | at_capacity | not_signed_in
-- @include routing
local i, a = ARGV[5], ARGV[7]
local h = fields(i, 'acc', 'q', 'st', 'own', 'ownN', 'oa', 'tok', 'ch', 'sig')
if h[1] ~= ARGV[6] then return { 'not_found' } end
local q, state = h[2], h[3]
if state == 'closed' or (state == 'ended' and h[4] ~= a) then return { 'gone' } end
if h[4] == a then return { 'ok', viewText(i), knocks } end
if state == 'served' then return { 'already_taken', h[5] } end
local no, owner = claim(i, q, a, { st = state, oa = h[6], tok = h[7], medium = h[8] or 'chat', sig = h[9] })
if no then return { no, owner } end
return { 'ok', viewText(i), knocks }
