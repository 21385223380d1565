-- sendClaiming: an agent's reply that takes the untaken conversation in the same step: the first to arrive owns it (CHT-6).
-- ARGV 5… one message as in lib/message
-- Answers: ok, off, at, isRepeat 0|1, knocks | not_found | gone | already_taken, owner | at_capacity | not_signed_in
-- @include base
-- @include agents
-- @include lifecycle
-- @include message
local h, answer = readConversation(5)
if h and not isIn(5, h) then
  local i, q, a = h[I], h[Q], ARGV[9]
  if h[STATE] == 'served' then return { 'already_taken', h[OWNER_NAME] } end
  if h[STATE] == 'offered' then
    if h[OFFERED] ~= a then return { 'already_taken', call('HGET', B .. ':a:' .. h[OFFERED], 'n') or '' } end
    clearDeadline('offer', i, h[TOKEN])
    takeInteraction(i, q, a, 'accept')
  else
    local no = refusal(a, q)
    if no then return { no } end
    changeLoad(a, q, 1)
    takeInteraction(i, q, a, 'claim')
  end
  h[OWNER] = a
  -- Taking it appended to the feed.
  h[OFF] = number(call('HGET', B .. ':i:' .. i, 'off'))
end
if h then answer = append(5, h) end
answer[#answer + 1] = knocks
return answer
