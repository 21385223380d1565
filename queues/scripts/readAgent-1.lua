-- readAgent: the agent with queues, offers, conversations and devices, as of one moment.
-- ARGV 1 agent 2 account 3 with conversations 0|1
-- Answers: epoch, fields, queues (id, name, mode, signedIn, temporary, pause reason or nil …), offers (interaction, token, due …),
--          wrap-ups (interaction, until, canEnd, canExtend, queue, client's name, outcome …), devices, views, calls it placed | false
local B, call = KEYS[1], redis.call
local a = ARGV[1]
if call('HGET', B .. ':a:' .. a, 'acc') ~= ARGV[2] then return false end
local queues, seen = {}, {}
for _, set in ipairs({ ':am:', ':as:' }) do
  for _, q in ipairs(call('SMEMBERS', B .. set .. a)) do
    if not seen[q] then
      seen[q] = true
      local h = call('HMGET', B .. ':q:' .. q, 'n', 'mode')
      queues[#queues + 1] = {
        q,
        h[1] or '',
        h[2] or '',
        call('SISMEMBER', B .. ':as:' .. a, q),
        call('SISMEMBER', B .. ':at:' .. a, q),
        call('HGET', B .. ':pq:' .. a, q),
      }
    end
  end
end
local offers = {}
local held = call('HGETALL', B .. ':ao:' .. a)
for k = 1, #held, 2 do offers[#offers + 1] = { held[k], held[k + 1], call('HGET', B .. ':i:' .. held[k], 'due') or '0' } end
local wrapUps = {}
held = call('HGETALL', B .. ':aw:' .. a)
for k = 1, #held, 2 do
  local till, q = string.match(held[k + 1], '^(%d+)|([^|]+)')
  local c = call('HMGET', B .. ':q:' .. q, 'cew', 'cxw')
  local h = call('HMGET', B .. ':i:' .. held[k], 'cn', 'outcome')
  wrapUps[#wrapUps + 1] = { held[k], till, c[1], c[2], q, h[1] or '', h[2] or '' }
end
local views = {}
if ARGV[3] == '1' then
  for _, set in ipairs({ ':ai:', ':ap:' }) do
    for _, i in ipairs(call('ZRANGE', B .. set .. a, 0, 99)) do views[#views + 1] = { i, call('HGETALL', B .. ':i:' .. i) } end
  end
end
return { call('HGET', B .. ':meta', 'epoch'), call('HGETALL', B .. ':a:' .. a), queues, offers, wrapUps, call('HGETALL', B .. ':ad:' .. a), views, call('HGET', B .. ':al:' .. a, '') or '0' }
