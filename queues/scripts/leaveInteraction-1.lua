-- leaveInteraction: an invited agent leaves; the owner cannot, it transfers or closes.
-- ARGV 5 interaction 6 account 7 agent 8 command
-- Answers: ok | not_found | forbidden
-- @include base
-- @include agents
-- @include lifecycle
local i, a = ARGV[5], ARGV[7]
local h = fields(i, 'acc', 'q', 'own', 'parts')
if h[1] ~= ARGV[6] then return { 'not_found' } end
if firstResult(ARGV[8]) then return { 'ok', knocks } end
if h[3] == a then return { 'forbidden' } end
local kept, name = {}, nil
for _, part in ipairs(h[4] and h[4] ~= '' and cjson.decode(h[4]) or {}) do
  if part[1] == a then name = part[2] else kept[#kept + 1] = part end
end
if not name then return { 'ok', knocks } end
call('HSET', B .. ':i:' .. i, 'parts', #kept > 0 and cjson.encode(kept) or '')
call('ZREM', B .. ':ap:' .. a, i)
keepResult(ARGV[8], '1')
emit('participant.left', h[1], { i = i, q = h[2], a = a, n = name }, { i = i, a = a, q = h[2], row = h[3] })
return { 'ok', knocks }
