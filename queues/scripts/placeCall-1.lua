-- placeCall: an agent calls somebody. The call is the agent's from the first ring on and in no queue; it counts as any call does, also beyond the agent's capacity (the second
-- call of a phone that consults). Offers that have no room beside it go to others, and count as missed by nobody.
-- ARGV 5 interaction 6 account 7 agent 8 contact 9 name of who is called 10 connection
-- Answers: ok | log_full | account_inactive | not_found (agent)
-- @include routing
-- @include presence
local i, acc, a, contact, connection = ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[10]
local command = 'place:' .. i
if firstResult(command) then return { 'ok', knocks } end
if meta[3] == '1' then return { 'log_full' } end
if not isAccountActive(acc) then return { 'account_inactive' } end
local g = agentOf(a)
if g.acc ~= acc or not g.isActive then return { 'not_found' } end
addRow(i)
writeInteraction(
  i, 'acc', acc, 'q', '', 'ch', 'voice', 'st', 'served', 'own', a, 'ownN', g.name, 'start', nowText, 'created', nowText, 'tk', nowText, 'started', '',
  'c', contact, 'cn', ARGV[9], 'g', '', 'or', 'outbound', 'pres', 'connected', 'oa', '', 'missed', ''
)
call('ZADD', B .. ':ai:' .. a, nowText, i)
call('HSET', B .. ':ic:' .. i, connection, nodeId .. '|' .. ARGV[2])
call('SADD', holderKey(), 'c|' .. i .. '|' .. connection)
changeLoad(a, '', 'voice', 1)
keepResult(command, '1')
emit('interaction.created', acc,
  '{"i":"' .. i .. '","q":"","acc":"' .. acc .. '","group":"","contact":"' .. contact .. '","name":' .. quoted(ARGV[9])
    .. ',"email":"","channel":"voice","origin":"outbound","language":"","page":"","userAgent":"","start":' .. nowText
    .. ',"a":"' .. a .. '","n":' .. quoted(g.name) .. ',"ld":"' .. holds(g) .. '"}', { a = a })
local withdrawn = {}
for _, offered in ipairs(call('HKEYS', B .. ':ao:' .. a)) do
  local medium = fields(offered, 'ch')[1] or 'chat'
  local isRoom = fitsBeside(g, medium, 'voice', 1)
  if medium == 'voice' then isRoom = g.voice <= g.voiceMax end
  if not isRoom then
    returnOffer(offered, 'withdrawn', a)
    withdrawn[#withdrawn + 1] = offered
  end
end
refreshReady(a)
for _, offered in ipairs(withdrawn) do matchInteraction(offered) end
return { 'ok', knocks }
