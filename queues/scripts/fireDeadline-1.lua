-- fireDeadline: a knock. Early, late, twice or with an old token: nothing happens.
-- ARGV 5 kind|id|token
-- Answers: ok, fired 0|1, in how many ms it is due (0: it is not to be waited for)
-- @include routing
-- @include presence
-- @include timers
local due = number(call('ZSCORE', B .. ':due:knock', ARGV[5]))
if due > now then return { 'ok', 0, due - now, knocks } end
return { 'ok', fire(ARGV[5]) and 1 or 0, 0, knocks }
