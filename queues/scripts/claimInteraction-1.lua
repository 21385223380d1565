-- claimInteraction: an agent takes a waiting conversation by hand (RTE-2 manual; allowed in every mode).
-- ARGV 5 interaction 6 account 7 agent
-- Answers: ok, view | not_found | gone | already_taken, owner | at_capacity | not_signed_in
-- @include base
-- @include agents
-- @include lifecycle
local i, a = ARGV[5], ARGV[7]
local h = fields(i, 'acc', 'q', 'st', 'own', 'ownN', 'oa', 'tok')
if h[1] ~= ARGV[6] then return { 'not_found' } end
local q, state = h[2], h[3]
if state == 'closed' or (state == 'ended' and h[4] ~= a) then return { 'gone' } end
if h[4] == a then return { 'ok', view(i), knocks } end
if state == 'served' then return { 'already_taken', h[5] } end
if state == 'offered' then
  if h[6] ~= a then return { 'already_taken', call('HGET', B .. ':a:' .. h[6], 'n') or '' } end
  clearDeadline('offer', i, h[7])
  takeInteraction(i, q, a, 'accept')
else
  local no = refusal(a, q)
  if no then return { no } end
  changeLoad(a, q, 1)
  takeInteraction(i, q, a, 'claim')
end
return { 'ok', view(i), knocks }
