-- sendMessages: appends messages of people who are in their conversations, in the order given. The hot path: it includes no more than it needs.
-- ARGV 5… messages as in lib/message, at most 16
-- Answers: ok, an answer for each: ok, off, at, isRepeat 0|1 | not_found | gone | forbidden | already_taken, owner
-- @include base
-- @include message
local answers = {}
for at = 5, #ARGV, MESSAGE_ARGS do
  local m, answer = readMessage(at)
  if m and not m.isIn then
    answer = m.state == 'served' and { 'already_taken', m.ownerName } or { 'forbidden' }
  elseif m then
    answer = append(m)
  end
  answers[#answers + 1] = answer
end
return { 'ok', answers, knocks }
