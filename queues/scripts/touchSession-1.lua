-- touchSession: notes when a session was last used, if it still stands.
-- KEYS[1] the session  ARGV 1 time (ms)
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'seen', ARGV[1]) end
return { 'ok' }
