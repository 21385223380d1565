-- recordPartition: begins, keeps, and ends a recording of the partition (queues/replay). It holds while it is kept; what it leaves expires.
-- ARGV 1 – 2 – 3 – 4 explicit time (clock) 5 what 6 recording 7 for (ms) 8… keys
--   begin   notes commands and copies keys from here on        copy    copies the keys named, if nothing touched them before
--   copied  all keys were copied: touching copies no more      end     notes no more; copies once more, how it stands now
--   stop    forgets the recording
-- Answers: ok, now | wrong_state (another recording holds) | gone (this one does not hold any more)
-- @include clock
local what, id = ARGV[5], ARGV[6]
local KEPT_MS = 60000

local function hold(notes, copies)
  if copies == '1' then call('SADD', B .. ':copied', '') end
  call('HSET', B .. ':meta', 'rec', string.format('%.0f', now + tonumber(ARGV[7])) .. '|' .. id .. '|' .. notes .. copies)
  call('PEXPIRE', B .. ':rec', KEPT_MS)
  call('PEXPIRE', B .. ':copied', KEPT_MS)
end

if what == 'begin' then
  if recorded and recorded.id ~= id then return { 'wrong_state' } end
  call('DEL', B .. ':rec', B .. ':copied')
  call('XADD', B .. ':rec', '*', 'begin', string.format('%.0f', now))
  hold('1', '1')
  return { 'ok', string.format('%.0f', now) }
end
if not recorded or recorded.id ~= id then return { 'gone' } end

local notes, copies = recorded.notes and '1' or '0', recorded.copies and '1' or '0'
if what == 'copy' then
  for k = 8, #ARGV do copyKey(ARGV[k]) end
elseif what == 'copied' then
  copies = '0'
  call('DEL', B .. ':copied')
  call('XADD', B .. ':rec', '*', 'copied', string.format('%.0f', now))
elseif what == 'end' then
  notes, copies = '0', '1'
  call('DEL', B .. ':copied')
  call('XADD', B .. ':rec', '*', 'end', string.format('%.0f', now))
elseif what == 'stop' then
  call('HDEL', B .. ':meta', 'rec')
  call('DEL', B .. ':rec', B .. ':copied')
  return { 'ok', string.format('%.0f', now) }
end
hold(notes, copies)
return { 'ok', string.format('%.0f', now) }
