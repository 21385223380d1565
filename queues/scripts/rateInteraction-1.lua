-- rateInteraction: the client's vote, once, after the conversation ended.
-- ARGV 5 interaction 6 account 7 contact 8 value 9 comment
-- Answers: ok | not_found | wrong_state | feature_off
-- @include base
local i = ARGV[5]
local h = fields(i, 'acc', 'q', 'c', 'st', 'rating', 'own')
if h[1] ~= ARGV[6] or h[3] ~= ARGV[7] then return { 'not_found' } end
if h[4] ~= 'ended' and h[4] ~= 'closed' then return { 'wrong_state' } end
if call('HGET', B .. ':q:' .. h[2], 'rat') == 'none' then return { 'feature_off' } end
if h[5] and h[5] ~= '' then return { 'ok', knocks } end
writeInteraction(i, 'rating', ARGV[8])
emit('rating.given', h[1], { i = i, q = h[2], value = number(ARGV[8]), comment = ARGV[9] }, { i = i, q = h[2], row = h[6] })
if h[4] == 'closed' then expireFeed(i) end
return { 'ok', knocks }
