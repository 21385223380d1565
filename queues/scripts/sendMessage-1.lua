-- sendMessage: appends a message; an agent's reply may claim the conversation in the same step (CHT-6).
-- ARGV 5 interaction 6 account 7 mid 8 role 9 sender 10 name 11 visibility 12 text 13 file (JSON or '') 14 preview 15 claim 0|1
-- Answers: ok, off, at, isRepeat 0|1 | not_found | gone | forbidden | already_taken, owner | at_capacity | not_signed_in
-- A sender's mid is remembered for the conversation (the last 256 to 512 messages): sent again it gets the first result.
-- @include base
-- @include agents
-- @include lifecycle
local i, acc, role, by, vis = ARGV[5], ARGV[6], ARGV[8], ARGV[9], ARGV[11]
local h = fields(i, 'acc', 'q', 'st', 'own', 'c', 'parts', 'ownN', 'oa', 'una', 'tok')
if h[1] ~= acc then return { 'not_found' } end
local mark = by .. ':' .. ARGV[7]
local known = call('HGET', B .. ':dd:' .. i, mark) or call('HGET', B .. ':de:' .. i, mark)
if known then
  local bar = string.find(known, '|', 1, true)
  return { 'ok', string.sub(known, 1, bar - 1), string.sub(known, bar + 1), 1, knocks }
end
local q, state, owner = h[2], h[3], h[4]
if state == 'closed' or state == 'ended' then return { 'gone' } end
if role == 'customer' then
  if h[5] ~= by then return { 'not_found' } end
elseif role == 'agent' and owner ~= by and not (h[6] and string.find(h[6], '"' .. by .. '"', 1, true)) then
  if state == 'served' then return { 'already_taken', h[7] } end
  if ARGV[15] ~= '1' then return { 'forbidden' } end
  if state == 'offered' then
    if h[8] ~= by then return { 'already_taken', call('HGET', B .. ':a:' .. h[8], 'n') or '' } end
    clearDeadline('offer', i, h[10])
    takeInteraction(i, q, by, 'accept')
  else
    local no = refusal(by, q)
    if no then return { no } end
    changeLoad(by, q, 1)
    takeInteraction(i, q, by, 'claim')
  end
  owner = by
end

local body = { i = i, q = q, mid = ARGV[7], role = role, by = by, n = ARGV[10], vis = vis }
if ARGV[12] ~= '' then body.text = ARGV[12] end
if ARGV[13] ~= '' then body.file = cjson.decode(ARGV[13]) end
local off = emit('message.sent', acc, body, { i = i, q = q, row = owner })
call('HSET', B .. ':dd:' .. i, mark, off .. '|' .. now)
if off > 256 and call('HLEN', B .. ':dd:' .. i) >= 256 then call('RENAME', B .. ':dd:' .. i, B .. ':de:' .. i) end
if vis == 'everyone' then
  local last = cjson.encode({ text = ARGV[14], role = role, at = now })
  if role == 'customer' then
    call('HINCRBY', B .. ':i:' .. i, 'unread', 1)
    if not h[9] or h[9] == '' then call('HSET', B .. ':i:' .. i, 'lm', last, 'una', now) else call('HSET', B .. ':i:' .. i, 'lm', last) end
  elseif role == 'system' then
    call('HSET', B .. ':i:' .. i, 'lm', last)
  else
    call('HSET', B .. ':i:' .. i, 'lm', last, 'una', '', 'unread', 0, 'rs', off)
  end
end
return { 'ok', tostring(off), tostring(now), 0, knocks }
