-- trimLog: drops log entries before an id and says how full the log is; above the budget new interactions are refused.
-- ARGV 1 first id to keep 2 budget (bytes)
-- Answers: entries, bytes, full 0|1, how many were dropped (a part at a time: as long as some were there may be more)
local B, call = KEYS[1], redis.call
local dropped = ARGV[1] == '' and 0 or call('XTRIM', B .. ':log', 'MINID', '~', ARGV[1], 'LIMIT', '1000')
local bytes = call('MEMORY', 'USAGE', B .. ':log', 'SAMPLES', '5') or 0
local full = bytes > tonumber(ARGV[2]) and '1' or '0'
local standing = call('HMGET', B .. ':meta', 'full', 'rec', 'now')
if (standing[1] or '0') ~= full then
  call('HSET', B .. ':meta', 'full', full)
  -- Recorded by its effect: in a replay the log is another.
  if standing[2] and string.match(standing[2], '|1%d$') and call('EXISTS', B .. ':rec') == 1 then
    call('XADD', B .. ':rec', '*', 'n', 'trimLog', 't', standing[3] or '0', 'v', cjson.encode({ '', full == '1' and '-1' or '1e18' }))
  end
end
return { call('XLEN', B .. ':log'), bytes, full, dropped }
