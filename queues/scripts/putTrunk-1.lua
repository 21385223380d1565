-- putTrunk: the trunks of all accounts, for those who keep them in memory; the edition tells them that something changed.
-- KEYS[1] prefix of the directory   ARGV 1 id 2 `account|version|doc` ('' = deleted)
-- Answers: 1
if ARGV[2] == '' then redis.call('HDEL', KEYS[1] .. ':trunks', ARGV[1]) else redis.call('HSET', KEYS[1] .. ':trunks', ARGV[1], ARGV[2]) end
redis.call('INCR', KEYS[1] .. ':trunkEdition')
return 1
