-- inviteParticipant: one more agent joins the conversation; three agents in all (CHT-19).
-- ARGV 5 interaction 6 account 7 by 8 agent 9 supervisor 0|1 10 command
-- Answers: ok | not_found | wrong_state | forbidden | not_signed_in | at_capacity
-- @include routing
local i, a = ARGV[5], ARGV[8]
local h = fields(i, 'acc', 'q', 'st', 'own', 'parts')
if h[1] ~= ARGV[6] then return { 'not_found' } end
if firstResult(ARGV[10]) then return { 'ok', knocks } end
if h[3] ~= 'served' then return { 'wrong_state' } end
if h[4] ~= ARGV[7] and ARGV[9] ~= '1' then return { 'forbidden' } end
local target = agentFields(a, 'acc', 'act', 'n', 'dv')
if target[1] ~= h[1] then return { 'not_found' } end
if target[2] ~= '1' or number(target[4]) == 0 then return { 'not_signed_in' } end
local parts = h[5] and h[5] ~= '' and cjson.decode(h[5]) or {}
local isIn = a == h[4]
for _, part in ipairs(parts) do isIn = isIn or part[1] == a end
if isIn then
  keepResult(ARGV[10], '1')
  return { 'ok', knocks }
end
if #parts >= 2 then return { 'at_capacity' } end
parts[#parts + 1] = { a, target[3] }
writeInteraction(i, 'parts', cjson.encode(parts))
call('ZADD', B .. ':ap:' .. a, now, i)
keepResult(ARGV[10], '1')
emit('participant.joined', h[1], { i = i, q = h[2], a = a, n = target[3] }, { i = i, agents = { a, h[4] }, q = h[2] })
return { 'ok', knocks }
