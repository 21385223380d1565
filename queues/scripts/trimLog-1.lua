-- trimLog: drops log entries before an id and says how full the log is; above the budget new interactions are refused.
-- ARGV 1 first id to keep 2 budget (bytes)
-- Answers: entries, bytes, full 0|1
local B, call = KEYS[1], redis.call
if ARGV[1] ~= '' then call('XTRIM', B .. ':log', 'MINID', '~', ARGV[1]) end
local bytes = call('MEMORY', 'USAGE', B .. ':log', 'SAMPLES', '5') or 0
local full = bytes > tonumber(ARGV[2]) and '1' or '0'
if (call('HGET', B .. ':meta', 'full') or '0') ~= full then call('HSET', B .. ':meta', 'full', full) end
return { call('XLEN', B .. ':log'), bytes, full }
