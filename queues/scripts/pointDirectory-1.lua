-- pointDirectory: a name (number, username) of all accounts points to what has it. A name that points to something else by now is left alone when it is given up.
-- KEYS[1] prefix of the directory   ARGV 1 hash 2 value 3 name given up ('' none) 4 name ('' none)
-- Answers: 1
local key = KEYS[1] .. ':' .. ARGV[1]
if ARGV[3] ~= '' and ARGV[3] ~= ARGV[4] and redis.call('HGET', key, ARGV[3]) == ARGV[2] then redis.call('HDEL', key, ARGV[3]) end
if ARGV[4] ~= '' then redis.call('HSET', key, ARGV[4], ARGV[2]) end
return 1
