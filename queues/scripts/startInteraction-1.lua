-- startInteraction: a client opens a conversation or calls; it waits in the queue, or is offered at once.
-- ARGV 5 interaction 6 account 7 queue 8 group 9 contact 10 key 11 name 12 email 13 language 14 page 15 user agent
--      16 first message's mid 17 text ('' none) 18 preview 19 connection ('' presence is not watched)
--      20 routing ('' a plain chat): JSON of medium, required, preferred (lists of skill, level), priority, start, origin
-- Answers: ok, off of the first message, isRepeat 0|1, interaction, view | log_full | account_inactive | not_found
-- @include routing
-- @include presence
local i, acc, q, contact, connection = ARGV[5], ARGV[6], ARGV[7], ARGV[9], ARGV[19]
local command = 'start:' .. contact .. ':' .. ARGV[10]
local first = firstResult(command)
-- One that has left Redis was begun all the same.
if first and (fields(first, 'acc')[1] or acc) == acc then return { 'ok', '1', 1, first, viewText(first), knocks } end
if meta[3] == '1' then return { 'log_full' } end
if not isAccountActive(acc) then return { 'account_inactive' } end
local c = queueOf(q)
if c.acc ~= acc or not isServing(c) then return { 'not_found' } end

local function textOf(needs)
  local list = {}
  for k, need in ipairs(needs or {}) do list[k] = need.skill .. '=' .. need.level end
  return mergeNeeds(table.concat(list, ','), '')
end
local asked = ARGV[20] and ARGV[20] ~= '' and cjson.decode(ARGV[20]) or {}
local w = {
  start = math.min(asked.start or now, now), pri = asked.priority or 0, medium = asked.medium or c.medium, req = textOf(asked.required),
  pref = textOf(asked.preferred),
}
local origin = asked.origin or 'inbound'
addRow(i)
-- What is asked for often stands first: Redis looks for a field from the beginning.
writeInteraction(
  i, 'acc', acc, 'ch', w.medium, 'own', '', 'start', w.start, 'created', nowText, 'c', contact, 'g', ARGV[8], 'or', origin, 'pres', 'connected',
  'cn', ARGV[11]
)
if w.pri ~= 0 then writeInteraction(i, 'pri', w.pri) end
if w.req ~= '' then writeInteraction(i, 'req', w.req) end
if w.pref ~= '' then writeInteraction(i, 'ownPref', w.pref) end
if ARGV[17] ~= '' then
  writeInteraction(i, 'unread', 1, 'una', nowText, 'lm', cjson.encode({ text = ARGV[18], role = 'customer', at = now }))
end
if connection == '' then writeInteraction(i, 'np', '1') end
enterQueue(i, c, w)
for k, field in ipairs({ 'em', 'lg', 'pg', 'ua' }) do
  if ARGV[11 + k] ~= '' then writeInteraction(i, field, ARGV[11 + k]) end
end
if connection ~= '' then
  call('ZADD', B .. ':v:' .. contact, now, i)
  -- While one of them is open the list must outlive it; closing the only one shortens the time.
  call('EXPIRE', B .. ':v:' .. contact, 7 * CONTACT_KEPT_SEC)
  call('ZREMRANGEBYRANK', B .. ':v:' .. contact, 0, -101)
  call('HSET', B .. ':ic:' .. i, connection, nodeId .. '|' .. ARGV[2])
  call('SADD', holderKey(), 'c|' .. i .. '|' .. connection)
end
-- Not in the conversation's feed: nobody can follow that yet, and a stream with one entry takes five times what the interaction takes.
emit('interaction.created', acc,
  '{"i":"' .. i .. '","q":"' .. q .. '","acc":"' .. acc .. '","group":"' .. ARGV[8] .. '","contact":"' .. contact .. '","name":' .. quoted(ARGV[11])
    .. ',"email":' .. quoted(ARGV[12]) .. ',"channel":"' .. w.medium .. '","origin":"' .. origin .. '","language":' .. quoted(ARGV[13])
    .. ',"page":' .. quoted(ARGV[14]) .. ',"userAgent":' .. quoted(ARGV[15]) .. ',"start":' .. w.start
    .. ',"need":"' .. mergeNeeds(w.req, c.required) .. '","pri":' .. w.pri .. '}', { q = q, figures = true })
local off = 0
if ARGV[17] ~= '' then
  off = emit('message.sent', acc, { i = i, q = q, mid = ARGV[16], role = 'customer', by = contact, n = ARGV[11], vis = 'everyone', text = ARGV[17] }, { i = i, q = q })
  call('HSET', B .. ':dd:' .. i, contact .. ':' .. ARGV[16], off .. '|' .. now)
end
keepResult(command, i)
keepForLastAgent(i, c, contact)
matchInteraction(i)
if c.recipe ~= '' then runRecipe(i) end
return { 'ok', tostring(off), 0, i, viewText(i), knocks }
