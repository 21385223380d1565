-- sendClaiming: an agent's reply that takes the untaken conversation in the same step: the first to arrive owns it (CHT-6).
-- ARGV 5… one message as in lib/message
-- Answers: ok, off, at, isRepeat 0|1, knocks | not_found | gone | already_taken, owner | at_capacity | not_signed_in
-- @include base
-- @include agents
-- @include lifecycle
-- @include message
local m, answer = readMessage(5)
if m and not m.isIn then
  local a, i, q = m.by, m.i, m.q
  if m.state == 'served' then return { 'already_taken', m.ownerName } end
  if m.state == 'offered' then
    if m.offered ~= a then return { 'already_taken', call('HGET', B .. ':a:' .. m.offered, 'n') or '' } end
    clearDeadline('offer', i, m.token)
    takeInteraction(i, q, a, 'accept')
  else
    local no = refusal(a, q)
    if no then return { no } end
    changeLoad(a, q, 1)
    takeInteraction(i, q, a, 'claim')
  end
  m.owner = a
  m.off = number(call('HGET', B .. ':i:' .. i, 'off'))
end
if m then answer = append(m) end
answer[#answer + 1] = knocks
return answer
