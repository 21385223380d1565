-- readPlace: where a waiting interaction stands in its queue, by score, and how long it still has to wait (RTE-9, BEY-4).
-- ARGV 1 explicit time or '' 2 interaction 3 account
-- Answers: how many are before it, estimated wait in ms or '' | false when it does not wait
-- @include readClock
-- @include window
-- @include estimate
local h = call('HMGET', B .. ':i:' .. ARGV[2], 'acc', 'q')
if h[1] ~= ARGV[3] then return false end
local q = h[2]
local ahead = call('ZRANK', B .. ':wa:' .. q, ARGV[2])
if not ahead then return false end
local v, d, today = queueCounters(q)
local ready, online, inService = call('ZCARD', B .. ':r:' .. q), call('SCARD', B .. ':on:' .. q), call('ZCARD', B .. ':qo:' .. q)
return { ahead, estimate(v, d, today, ahead, ready, online, inService) or '' }
