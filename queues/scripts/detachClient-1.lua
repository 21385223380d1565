-- detachClient: a socket of the client went. Twice or late: nothing happens.
-- ARGV 5 interaction 6 connection
-- Answers: ok
-- @include routing
-- @include presence
call('SREM', holderKey(), 'c|' .. ARGV[5] .. '|' .. ARGV[6])
dropConnection(ARGV[5], ARGV[6])
return { 'ok', knocks }
