-- unbindPhone: a phone takes its registration back, one binding or all (RFC 3261 10.2.2). All or none: an older request than one that stands ends nothing.
-- ARGV 5 phone 6 account 7 instance ('*' all) 8 call-id 9 cseq
-- Answers: ok, accepted 0|1, bindings that are left (JSON each)
-- @include routing
-- @include presence
-- @include bindings
local phone, members = ARGV[5], {}
for _, instance in ipairs(ARGV[7] == '*' and call('HKEYS', B .. ':pb:' .. phone) or { ARGV[7] }) do
  local b = phones.read(phone, instance)
  if b and b.callId == ARGV[8] and b.cseq >= number(ARGV[9]) then return { 'ok', 0, phones.standing(phone), knocks } end
  if b then members[#members + 1] = phone .. '|' .. instance end
end
phones.lapse(members)
return { 'ok', 1, phones.standing(phone), knocks }
