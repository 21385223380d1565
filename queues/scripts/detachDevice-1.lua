-- detachDevice: the device's connection went; ignored when a newer connection stands.
-- ARGV 5 agent 6 device 7 connection
-- Answers: ok
-- @include routing
-- @include presence
call('SREM', holderKey(), 'd|' .. ARGV[5] .. '|' .. ARGV[6] .. '|' .. ARGV[7])
dropDevice(ARGV[5], ARGV[6], ARGV[7])
return { 'ok', knocks }
