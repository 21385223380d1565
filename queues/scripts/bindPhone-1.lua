-- bindPhone: a phone registered, or says that it is still there. What it registered before under the same instance is replaced (RFC 3261 10.3, RFC 5626 6).
-- Of more than ten bindings the one that would run out first goes.
-- ARGV 5 phone 6 account 7 agent ('' a trunk) 8 name 9 instance 10 call-id 11 cseq 12 for (ms) 13 edge 14 flow 15 binding (JSON)
-- Answers: ok, accepted 0|1 (0: an older request of the same Call-ID), had none before 0|1, bindings (JSON each)
-- @include routing
-- @include presence
-- @include bindings
local phone, a, instance, edge, flow = ARGV[5], ARGV[7], ARGV[9], ARGV[13], ARGV[14]
local key = B .. ':pb:' .. phone
local due = {}
for _, other in ipairs(call('HKEYS', key)) do
  if phones.read(phone, other).till <= now then due[#due + 1] = phone .. '|' .. other end
end
phones.lapse(due)
local before = phones.read(phone, instance)
if before and before.callId == ARGV[10] then
  local cseq = number(ARGV[11])
  -- The same request again is answered again; of a later one nothing is undone.
  if before.cseq > cseq or (before.cseq == cseq and before.flow ~= flow) then return { 'ok', 0, 0, phones.standing(phone), knocks } end
end
local isFirst = call('EXISTS', key) == 0
if before then
  phones.unbind(phone, instance)
elseif call('HLEN', key) >= MOST_BINDINGS then
  local first, till
  for _, other in ipairs(call('HKEYS', key)) do
    local b = phones.read(phone, other)
    if not till or b.till < till then first, till = other, b.till end
  end
  phones.unbind(phone, first)
end
local till = now + number(ARGV[12])
call('HSET', key, instance, table.concat({ till, a, ARGV[6], edge, flow, ARGV[10], ARGV[11], ARGV[15] }, '|'))
call('ZADD', B .. ':pbx', till, phone .. '|' .. instance)
call('SADD', B .. ':pbs', edge)
call('ZADD', B .. ':pbe:' .. edge, 0, flow .. ' ' .. phone .. '|' .. instance)
-- It moved to another agent and was not told to register again.
if before and before.agent ~= a then phones.show(before.agent, phone) end
phones.show(a, phone, ARGV[8])
return { 'ok', 1, isFirst and 1 or 0, phones.standing(phone), knocks }
