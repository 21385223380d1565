-- attachClient: a socket shows that the client is there; a reconnect window ends (APP-6).
-- ARGV 5 interaction 6 account 7 contact 8 connection
-- Answers: ok, view | not_found
-- @include routing
-- @include presence
local i, connection = ARGV[5], ARGV[8]
local h = fields(i, 'acc', 'c', 'st', 'pres', 'np')
if h[1] ~= ARGV[6] or h[2] ~= ARGV[7] then return { 'not_found' } end
if h[3] ~= 'closed' then
  call('HSET', B .. ':ic:' .. i, connection, nodeId .. '|' .. ARGV[2])
  -- Begun without a socket, it is watched from now on.
  if h[5] == '1' then writeInteraction(i, 'np', '') end
  call('EXPIRE', B .. ':v:' .. h[2], 7 * CONTACT_KEPT_SEC)
  call('SADD', holderKey(), 'c|' .. i .. '|' .. connection)
  if h[4] ~= 'gone' then clientCame(i) end
end
return { 'ok', viewText(i), knocks }
