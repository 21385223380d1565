-- transferInteraction: the owner (or a supervisor) hands a served conversation to another agent who is there (CHT-9).
-- ARGV 5 interaction 6 account 7 from 8 to 9 supervisor 0|1 10 command
-- Answers: ok | not_found | wrong_state | forbidden | at_capacity | not_signed_in
-- @include routing
local i, to = ARGV[5], ARGV[8]
local h = fields(i, 'acc', 'q', 'st', 'own', 'parts', 'ch', 'started')
if h[1] ~= ARGV[6] then return { 'not_found' } end
if firstResult(ARGV[10]) then return { 'ok', knocks } end
-- Whom the agent only dials cannot be handed on yet.
if h[3] ~= 'served' or (h[7] or '') == '' then return { 'wrong_state' } end
local q, owner = h[2], h[4]
if owner ~= ARGV[7] and ARGV[9] ~= '1' then return { 'forbidden' } end
if owner == to then
  keepResult(ARGV[10], '1')
  return { 'ok', knocks }
end
local target, medium = agentOf(to), h[6] or 'chat'
if target.acc ~= h[1] then return { 'not_found' } end
if not isThere(target) or not phones.reach(target, medium) then return { 'not_signed_in' } end
if not hasRoom(target, medium) or not isWithinLimit(target, queueOf(q)) then return { 'at_capacity' } end
disown(i, q, owner)
emit('interaction.requeued', h[1], { i = i, q = q, a = owner, reason = 'transfer', ld = holds(agentOf(owner)) }, { i = i, a = owner, q = q })
changeLoad(to, q, medium, 1)
takeInteraction(i, q, to, 'transfer')
keepResult(ARGV[10], '1')
freeAgent(owner)
return { 'ok', knocks }
