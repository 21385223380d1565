-- readFigures: the live figures of a queue (SUP-4). What they mean stands in lib/stats.
-- ARGV 1 explicit time or '' 2 queue 3 account
-- Answers: version, waiting, start of the longest wait or '', in service, agents online, available, paused,
--          window: answered, their waits, within time, abandoned, abandoned after time, estimates compared, their absolute errors, their errors,
--          today: answered, waits, within time, abandoned, abandoned after time, handled, handle times,
--          agents' busy time, their online time, estimated wait for somebody who came now or ''; times in ms | false
-- @include readClock
-- @include window
-- @include estimate
local AGENTS_READ = 200
local q = ARGV[2]
if call('HGET', B .. ':q:' .. q, 'acc') ~= ARGV[3] then return false end

local line = B .. (call('EXISTS', B .. ':wa:' .. q) == 1 and ':wa:' or ':w:') .. q
local waiting, online, ready = call('ZCARD', line), call('SCARD', B .. ':on:' .. q), call('ZCARD', B .. ':r:' .. q)
local inService = call('ZCARD', B .. ':qo:' .. q)
-- Of those that wait with one priority the first in line has waited longest; there are rarely more priorities than are looked at here.
local longest
for _, i in ipairs(call('ZRANGE', line, 0, 19)) do
  local start = tonumber(call('HGET', B .. ':i:' .. i, 'start'))
  if start and (not longest or start < longest) then longest = start end
end
local v, d, today = queueCounters(q)

local busyTime, onlineTime = 0, 0
for _, a in ipairs(online <= AGENTS_READ and call('SMEMBERS', B .. ':on:' .. q) or call('SRANDMEMBER', B .. ':on:' .. q, AGENTS_READ)) do
  local busy, there = agentTimes(a)
  busyTime, onlineTime = busyTime + busy, onlineTime + there
end

return {
  (meta[2] or '') .. '-' .. (call('HGET', B .. ':ql:' .. q, 'off') or '0'),
  waiting,
  longest or '',
  inService,
  online,
  ready,
  call('SCARD', B .. ':ps:' .. q),
  d[1], d[2], d[3], d[4], d[5], d[9], d[10], d[11],
  today[1], today[2], today[3], today[4], today[5], today[7], today[8],
  busyTime,
  onlineTime,
  estimate(v, d, today, waiting, ready, online, inService) or '',
}
