-- noteCall: how the call, or the video room, of an interaction stands, told to who follows the conversation and to its owner. An older version changes nothing.
-- ARGV 5 interaction 6 account 7 version 8 state (JSON) 9 call (default) | room
-- Answers: ok | not_found
-- @include routing
local i, what = ARGV[5], ARGV[9] == 'room' and 'room' or 'call'
local h = fields(i, 'acc', 'q', 'st', 'own', what .. 'V')
if h[1] ~= ARGV[6] then return { 'not_found' } end
if number(h[5]) >= number(ARGV[7]) then return { 'ok', knocks } end
writeInteraction(i, what, ARGV[8], what .. 'V', ARGV[7])
local owner = h[4] or ''
emit(what .. '.changed', h[1], { i = i, q = h[2], a = owner, [what] = ARGV[8] }, { i = i, a = owner ~= '' and owner or nil })
if h[3] == 'closed' then expireFeed(i) end
return { 'ok', knocks }
