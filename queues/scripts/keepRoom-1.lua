-- keepRoom: the room stays with its node. KEYS 1 room ARGV 1 node 2 ms
-- Answers: 1 | 0 (it is another's, or was let go)
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
