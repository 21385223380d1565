-- changeSessions: ends sessions of a user, passes one on to its second stage, or gives all of them new rights; open sockets are told through the log.
-- ARGV 5 user 6 account 7 what (revoke|refresh|complete) 8 reason 9 principal 10 ttl (ms) 11 except 12… sessions (none: all)
-- Answers: ok, how many
-- @include base
local user, acc, what, except = ARGV[5], ARGV[6], ARGV[7], ARGV[11]
local named = {}
for k = 12, #ARGV do named[#named + 1] = ARGV[k] end
if #named == 0 then named = call('SMEMBERS', B .. ':us:' .. user) end
local count, list = 0, {}
for _, s in ipairs(named) do
  local key = B .. ':ss:' .. s
  local h = call('HMGET', key, 'user', 'acc')
  if not h[1] then
    call('SREM', B .. ':us:' .. user, s)
  elseif s ~= except and h[1] == user and h[2] == acc then
    count = count + 1
    list[#list + 1] = '"' .. s .. '"'
    if what == 'revoke' then
      call('DEL', key)
      call('SREM', B .. ':us:' .. user, s)
    elseif what == 'complete' then
      call('HSET', key, 'stage', 'full', 'pr', ARGV[9], 'expires', now + number(ARGV[10]))
      call('PEXPIRE', key, ARGV[10])
      if call('PTTL', B .. ':us:' .. user) < number(ARGV[10]) then call('PEXPIRE', B .. ':us:' .. user, ARGV[10]) end
    else
      call('HSET', key, 'pr', ARGV[9])
    end
  end
end
if count > 0 and what ~= 'complete' then
  emit('session.revoked', acc, '{"user":"' .. user .. '","sessions":[' .. table.concat(list, ',') .. '],"reason":' .. cjson.encode(ARGV[8]) .. '}', {})
end
return { 'ok', count, knocks }
