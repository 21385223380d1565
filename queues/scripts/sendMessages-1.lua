-- sendMessages: appends messages of people who are in their conversations, in the order given.
-- ARGV 5… messages as in lib/message, at most 16
-- Answers: ok, an answer for each: ok, off, at, isRepeat 0|1 | not_found | gone | forbidden | already_taken, owner
-- @include base
-- @include message
local answers = {}
for at = 5, #ARGV, MESSAGE_ARGS do
  local h, answer = readConversation(at)
  if h and not isIn(at, h) then
    answer = h[STATE] == 'served' and { 'already_taken', h[OWNER_NAME] } or { 'forbidden' }
  elseif h then
    answer = append(at, h)
  end
  answers[#answers + 1] = answer
end
return { 'ok', answers, knocks }
