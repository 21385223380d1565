-- startInteraction: a client opens a conversation; it waits in the queue, or is offered at once.
-- ARGV 5 interaction 6 account 7 queue 8 group 9 contact 10 key 11 name 12 email 13 language 14 page 15 user agent
--      16 first message's mid 17 text 18 preview 19 connection
-- Answers: ok, off of the first message, isRepeat 0|1, interaction, view | log_full | account_inactive | not_found
-- @include base
-- @include agents
-- @include lifecycle
-- @include presence
local i, acc, q, contact = ARGV[5], ARGV[6], ARGV[7], ARGV[9]
local command = 'start:' .. contact .. ':' .. ARGV[10]
local first = firstResult(command)
if first then return { 'ok', '2', 1, first, view(first), knocks } end
if meta[3] == '1' then return { 'log_full' } end
if call('HGET', B .. ':acct:' .. acc, 'act') ~= '1' then return { 'account_inactive' } end
local c = call('HMGET', B .. ':q:' .. q, 'acc', 'act', 'pri', 'ws')
if c[1] ~= acc or c[2] ~= '1' then return { 'not_found' } end

local score = now - number(c[3]) * number(c[4]) * 1000
call('HSET', B .. ':i:' .. i, 'acc', acc, 'q', q, 'g', ARGV[8], 'c', contact, 'cn', ARGV[11], 'em', ARGV[12], 'lg', ARGV[13], 'pg', ARGV[14],
  'ua', ARGV[15], 'ch', 'chat', 'or', 'inbound', 'st', 'waiting', 'start', now, 'score', score, 'created', now, 'own', '', 'unread', 1, 'una', now,
  'pres', 'connected', 'lm', cjson.encode({ text = ARGV[18], role = 'customer', at = now }))
call('ZADD', B .. ':w:' .. q, score, i)
call('ZADD', B .. ':v:' .. contact, now, i)
-- While one of them is open the list must outlive it; closing shortens the time.
call('EXPIRE', B .. ':v:' .. contact, 7 * CONTACT_KEPT_SEC)
call('ZREMRANGEBYRANK', B .. ':v:' .. contact, 0, -101)
call('HSET', B .. ':ic:' .. i, ARGV[19], nodeId .. '|' .. ARGV[2])
call('SADD', holderKey(), 'c|' .. i .. '|' .. ARGV[19])
emit('interaction.created', acc, { i = i, q = q, acc = acc, group = ARGV[8], contact = contact, name = ARGV[11], email = ARGV[12], channel = 'chat',
  origin = 'inbound', language = ARGV[13], page = ARGV[14], userAgent = ARGV[15], start = now }, { i = i, q = q, figures = true })
local off = call('HGET', B .. ':i:' .. i, 'off') + 1
emit('message.sent', acc, { i = i, q = q, mid = ARGV[16], role = 'customer', by = contact, n = ARGV[11], vis = 'everyone', text = ARGV[17] }, { i = i, q = q })
call('HSET', B .. ':dd:' .. i, contact .. ':' .. ARGV[16], off .. '|' .. now)
keepResult(command, i)
matchInteraction(i)
return { 'ok', tostring(off), 0, i, view(i), knocks }
