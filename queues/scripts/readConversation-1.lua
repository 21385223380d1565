-- readConversation: the interaction and the latest part of its feed, as of one moment. Reads need no lease.
-- ARGV 1 interaction 2 account 3 before (offset, '' = the end) 4 count
-- Answers: epoch, view, feed entries newest first | false
local B = KEYS[1]
if redis.call('HGET', B .. ':i:' .. ARGV[1], 'acc') ~= ARGV[2] then return false end
local from = ARGV[3] == '' and '+' or '(' .. ARGV[3] .. '-0'
return {
  redis.call('HGET', B .. ':meta', 'epoch'),
  redis.call('HGETALL', B .. ':i:' .. ARGV[1]),
  redis.call('XREVRANGE', B .. ':f:conversation:' .. ARGV[1], from, '-', 'COUNT', ARGV[4]),
}
