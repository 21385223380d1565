-- sendClaiming: an agent's reply that takes the untaken conversation in the same step: the first to arrive owns it (CHT-6).
-- ARGV 5… one message as in lib/message
-- Answers: ok, off, at, isRepeat 0|1, knocks | not_found | gone | already_taken, owner | at_capacity | not_signed_in
-- @include routing
-- @include message
local h, answer = readConversation(5)
if h and not isIn(5, h) then
  local i, q, a = h[I], h[Q], ARGV[9]
  if h[STATE] == 'served' then return { 'already_taken', h[OWNER_NAME] } end
  local rest = fields(i, 'ch', 'sig')
  local no, owner = claim(i, q, a, { st = h[STATE], oa = h[OFFERED], tok = h[TOKEN], medium = rest[1] or 'chat', sig = rest[2] })
  if no then return { no, owner } end
  h[OWNER] = a
  -- Taking it appended to the feed.
  h[OFF] = number(fields(i, 'off')[1])
  flush(rowOf(i))
end
if h then answer = append(5, h) end
answer[#answer + 1] = knocks
return answer
