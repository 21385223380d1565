-- fireDeadline: a knock. Early, late, twice or with an old token: nothing happens.
-- ARGV 5 kind|id|token
-- Answers: ok, fired 0|1
-- @include base
-- @include agents
-- @include lifecycle
-- @include presence
-- @include timers
return { 'ok', fire(ARGV[5]) and 1 or 0, knocks }
