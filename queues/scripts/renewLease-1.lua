-- renewLease: registers a node's epoch in the partition or prolongs it. Not fenced itself: it is the fence.
-- ARGV 1 node 2 epoch 3 chance 4 explicit time 5 for (ms) 6 isFirst 0|1
-- Answers: ok | fenced (the lease lapsed, or Redis does not know it: what was held under this epoch is lost to others)
-- @include clock
local standing = call('HGET', B .. ':nodes', ARGV[1])
if ARGV[6] == '0' then
  if not standing then return { 'fenced' } end
  local bar = string.find(standing, '|', 1, true)
  if string.sub(standing, 1, bar - 1) ~= ARGV[2] or tonumber(string.sub(standing, bar + 1)) < now then return { 'fenced' } end
elseif standing and string.sub(standing, 1, #ARGV[2] + 1) ~= ARGV[2] .. '|' then
  -- An earlier epoch of this node still stands: others must first detach what it held. It is kept under a name of its own.
  local bar = string.find(standing, '|', 1, true)
  call('HSET', B .. ':nodes', ARGV[1] .. '~' .. string.sub(standing, 1, bar - 1), string.sub(standing, 1, bar - 1) .. '|0')
  if call('EXISTS', B .. ':n:' .. ARGV[1] .. ':' .. string.sub(standing, 1, bar - 1)) == 0 then
    call('HDEL', B .. ':nodes', ARGV[1] .. '~' .. string.sub(standing, 1, bar - 1))
  end
end
call('HSET', B .. ':nodes', ARGV[1], ARGV[2] .. '|' .. (now + tonumber(ARGV[5])))
return { 'ok' }
