-- readFeed: what a stored feed got after an offset, if that can be told exactly.
-- ARGV 1 feed (conversation:… | agent:… | queue:…) 2 epoch 3 offset 4 most
-- Answers: epoch, offset of the tail, entries | false (another epoch, a cursor ahead of the tail, trimmed, or too much: load again)
local B = KEYS[1]
local kind, id = string.match(ARGV[1], '^(%a+):(.+)$')
local epoch = redis.call('HGET', B .. ':meta', 'epoch')
if epoch ~= ARGV[2] then return false end
local holder = kind == 'conversation' and ':i:' or kind == 'agent' and ':a:' or ':ql:'
local tail = tonumber(redis.call('HGET', B .. holder .. id, 'off') or '0')
local off = tonumber(ARGV[3])
if off > tail then return false end
if off == tail then return { epoch, tail, {} } end
-- An overview keeps no entries: whoever missed something loads it again.
if kind == 'queue' or tail - off > tonumber(ARGV[4]) then return false end
local entries = redis.call('XRANGE', B .. ':f:' .. ARGV[1], '(' .. off .. '-0', '+')
if #entries ~= tail - off then return false end
return { epoch, tail, entries }
