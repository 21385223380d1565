-- readPlace: where a waiting interaction stands in its queue, by score, and how long it still has to wait (RTE-9, BEY-4).
-- ARGV 1 explicit time or '' 2 interaction 3 account
-- Answers: how many are before it, estimated wait in ms or '' | false when it does not wait
-- @include reading
local i = ARGV[2]
local h = call('HMGET', B .. ':i:' .. i, 'acc', 'q')
if h[1] ~= ARGV[3] then return false end
local ahead = aheadOf(h[2], i)
if not ahead then return false end
local st, window, _, bases = readCounters(h[2])
return { ahead, readEstimate(h[2], st, window, bases, ahead) }
