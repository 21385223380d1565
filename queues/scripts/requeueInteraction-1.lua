-- requeueInteraction: the owner (or a supervisor) sends a served interaction to a queue of the account, where it waits with its virtual start (VOX-4).
-- It may be the queue it was in. Its former owner comes last for it.
-- ARGV 5 interaction 6 account 7 from 8 queue 9 supervisor 0|1 10 command
-- Answers: ok | not_found (interaction, or a queue that serves) | gone | wrong_state | forbidden
-- @include routing
local i = ARGV[5]
local h = fields(i, 'acc', 'q', 'st', 'own', 'ch', 'start', 'pri', 'req', 'ownPref', 'started')
if h[1] ~= ARGV[6] then return { 'not_found' } end
if firstResult(ARGV[10]) then return { 'ok', knocks } end
if h[3] == 'closed' or h[3] == 'ended' then return { 'gone' } end
-- Whom the agent only dials cannot be handed on yet.
if h[3] ~= 'served' or (h[10] or '') == '' then return { 'wrong_state' } end
local q, owner, target = h[2], h[4], queueOf(ARGV[8])
if owner ~= ARGV[7] and ARGV[9] ~= '1' then return { 'forbidden' } end
if target.acc ~= h[1] or not isServing(target) then return { 'not_found' } end
disown(i, q, owner)
call('ZREM', B .. ':qo:' .. q, i)
emit('interaction.requeued', h[1], { i = i, q = q, a = owner, reason = 'transfer', ld = holds(agentOf(owner)) },
  { i = i, a = owner, q = q, figures = true })
if target.id ~= q then
  emit('interaction.moved', h[1], { i = i, from = q, q = target.id, step = 0, need = mergeNeeds(h[8] or '', target.required) }, { q = q })
end
writeInteraction(i, 'own', '', 'ownN', '', 'oa', '', 'tok', '', 'missed', owner, 'vq', '', 'rcN', 0, 'rcD', '', 'rcR', '')
-- Who was called has waited for nobody so far.
local since = q == '' and now or number(h[6])
if q == '' then writeInteraction(i, 'start', nowText) end
enterQueue(i, target, { start = since, pri = number(h[7]), medium = h[5] or 'chat', req = h[8] or '', pref = h[9] or '', isMoved = true })
emit('interaction.queued', h[1], { i = i, q = target.id, reason = 'transfer' }, { q = target.id, figures = true })
keepResult(ARGV[10], '1')
refreshReady(owner)
-- Others first; then the owner has what it did not just send away, and only if there is nothing, it again.
matchReturned(i, { owner })
if target.recipe ~= '' then runRecipe(i) end
return { 'ok', knocks }
