-- readFigures: the live figures of a queue (SUP-4). What they mean stands in lib/stats.
-- ARGV 1 explicit time or '' 2 queue 3 account 4 with the agents' times 0|1 (work for each of up to 200, so not for every change)
-- Answers, times in ms: version, waiting, start of the longest wait or '', in service, agents online, available, paused,
--   window: answered, their waits, within time, abandoned, abandoned after time, estimates compared, their absolute errors, their errors,
--   today: answered, their waits, within time, abandoned, abandoned after time, handled, their handle times,
--   the agents' time busy, their time online, the wait estimated for somebody who came now or '' | false
-- @include reading
local AGENTS_READ, LINE_READ = 200, 10
local q = ARGV[2]
if call('HGET', B .. ':q:' .. q, 'acc') ~= ARGV[3] then return false end

local waiting, online = waitingIn(q), call('SCARD', B .. ':on:' .. q)
-- Of those that wait with one priority the first in line has waited longest, and there are rarely more priorities than are looked at.
local longest
for _, line in ipairs({ ':w:', ':ws:' }) do
  for _, i in ipairs(call('ZRANGE', B .. line .. q, 0, LINE_READ - 1)) do
    local start = number(call('HGET', B .. ':i:' .. i, 'start'))
    if not longest or start < longest then longest = start end
  end
end
local busyTime, onlineTime = 0, 0
if ARGV[4] == '1' then
  for _, a in ipairs(online <= AGENTS_READ and call('SMEMBERS', B .. ':on:' .. q) or call('SRANDMEMBER', B .. ':on:' .. q, AGENTS_READ)) do
    local busy, there = agentTimes(a)
    busyTime, onlineTime = busyTime + busy, onlineTime + there
  end
end
local st, window, day, bases = readCounters(q)
local w, d = countedSince(window, st), countedSince(day, st)

return {
  (meta[2] or '') .. '-' .. (call('HGET', B .. ':ql:' .. q, 'off') or '0'),
  waiting,
  longest or '',
  call('ZCARD', B .. ':qo:' .. q),
  online,
  call('ZCARD', B .. ':r:' .. q),
  call('SCARD', B .. ':ps:' .. q),
  w[12], w[13], w[14], w[6], w[7], w[15], w[16], w[17],
  d[12], d[13], d[14], d[6], d[7], d[1], d[2],
  busyTime,
  onlineTime,
  readEstimate(q, st, window, bases, waiting),
}
