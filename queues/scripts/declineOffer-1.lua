-- declineOffer: the offered agent passes it on. It keeps its place and goes to the next agent at once.
-- ARGV 5 interaction 6 account 7 agent 8 token
-- Answers: ok | offer_gone | not_found
-- @include routing
local i, a = ARGV[5], ARGV[7]
local h = fields(i, 'acc', 'st', 'oa', 'tok')
if h[1] ~= ARGV[6] then return { 'not_found' } end
-- Offers made in one step may have one token: what was declined is named too.
local command = 'decline:' .. a .. ':' .. i .. ':' .. ARGV[8]
if firstResult(command) then return { 'ok', knocks } end
if h[2] ~= 'offered' or not contains(h[3], a) or h[4] ~= ARGV[8] then return { 'offer_gone' } end
returnOffer(i, 'declined', a)
keepResult(command, '1')
matchReturned(i, { a })
return { 'ok', knocks }
