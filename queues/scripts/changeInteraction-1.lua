-- changeInteraction: another priority (RTE-1), or another medium (VID-2, BEY-1). The place in the order follows, the start stays.
-- ARGV 5 interaction 6 account 7 what (priority|media) 8 value
-- Answers: ok | not_found | gone | wrong_state | at_capacity (the owner could not hold the medium beside the rest)
-- @include routing
local i, what, value = ARGV[5], ARGV[7], ARGV[8]
local h = fields(i, 'acc', 'q', 'st', 'own', 'ch', 'need', 'sig', 'score', 'pri', 'parts')
if h[1] ~= ARGV[6] then return { 'not_found' } end
local q, state = h[2], h[3]
if state == 'closed' or state == 'ended' then return { 'gone' } end
-- A call that its agent placed stands in no order, and stays a call.
if q == '' then return { 'wrong_state' } end
if what == 'priority' then
  if number(h[9]) ~= number(value) then prioritize(i, number(value)) end
  return { 'ok', knocks }
end
local before = h[5] or 'chat'
if before == value then return { 'ok', knocks } end
local c = queueOf(q)
if state == 'served' then
  -- Held by hand, but counted like any other: what it was makes room for what it becomes, or it stays what it was.
  local g = agentOf(h[4])
  local load, voice, video = g.load, g.voice, g.video
  g.load, g.voice, g.video = load - 1, voice - (before == 'voice' and 1 or 0), video - (before == 'video' and 1 or 0)
  local isRoom = hasRoom(g, value)
  g.load, g.voice, g.video = load, voice, video
  if not isRoom then return { 'at_capacity' } end
  changeLoad(h[4], q, before, -1)
  changeLoad(h[4], q, value, 1)
end
local back = {}
noteMedium(c, value)
if state == 'offered' then
  -- As what it was it rings no more; as what it is now it waits again, and anybody may be asked.
  local o = fields(i, 'oa', 'tok')
  clearDeadline('offer', i, o[2])
  back = silenceOthers(i, c, o[1], o[2], before, nil, 'withdrawn')
  writeInteraction(i, 'missed', '')
elseif state == 'waiting' then
  removeWaiting(i, q, h[7])
  writeInteraction(i, 'sig', addWaiting(i, c, number(h[8]), value, h[6] or ''))
end
writeInteraction(i, 'ch', value)
emit('interaction.changed', h[1], { i = i, q = q, what = 'media', need = h[6] or '', pri = number(h[9]), channel = value },
  { i = i, q = q, row = h[4] })
if state == 'offered' then
  for _, a in ipairs(back) do refreshReady(a) end
  requeue(i, q, 'offer_withdrawn', nil)
end
matchInteraction(i)
-- Whom it was offered to may be given something else.
for _, a in ipairs(back) do matchAgent(a) end
if state == 'served' then freeAgent(h[4]) end
return { 'ok', knocks }
