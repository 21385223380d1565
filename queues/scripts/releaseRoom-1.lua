-- releaseRoom: the node carries the room no more. KEYS 1 room ARGV 1 node
-- Answers: 1 | 0 (it was not its own)
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
return 1
