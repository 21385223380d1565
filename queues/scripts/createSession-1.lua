-- createSession: a sign-in session of a user.
-- ARGV 5 session 6 user 7 account 8 secret's hash 9 ip 10 user agent 11 stage 12 principal 13 ttl (ms)
-- Answers: ok, fields
-- @include base
local key = B .. ':ss:' .. ARGV[5]
call('HSET', key, 'user', ARGV[6], 'acc', ARGV[7], 'hash', ARGV[8], 'ip', ARGV[9], 'ua', ARGV[10], 'stage', ARGV[11], 'pr', ARGV[12],
  'created', now, 'seen', now, 'expires', now + number(ARGV[13]))
call('PEXPIRE', key, ARGV[13])
local list = B .. ':us:' .. ARGV[6]
call('SADD', list, ARGV[5])
if call('PTTL', list) < number(ARGV[13]) then call('PEXPIRE', list, ARGV[13]) end
-- Sessions that expired leave the list a few at a time.
if call('SCARD', list) > 20 then
  for _, s in ipairs(call('SRANDMEMBER', list, 20)) do
    if call('EXISTS', B .. ':ss:' .. s) == 0 then call('SREM', list, s) end
  end
end
return { 'ok', call('HGETALL', key), knocks }
