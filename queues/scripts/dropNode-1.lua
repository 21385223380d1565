-- dropNode: detaches what a lapsed (or leaving) node's sockets held, a part at a time; the last one forgets the node.
-- ARGV 5 node (an earlier epoch of a node that is back stands as node~epoch) 6 epoch 7… claims, in the order in which they are to be detached
-- Answers: ok, more 0|1, how many of the claims given were taken
-- @include routing
-- @include presence
local node = string.match(ARGV[5], '^[^~]*')
local key = B .. ':n:' .. node .. ':' .. ARGV[6]
local at = 7
while ARGV[at] and work < ENOUGH do
  local claim = ARGV[at]
  at, work = at + 1, work + 1 / 4
  if call('SREM', key, claim) == 1 then
    local kind, id, rest = string.match(claim, '^(%a)|([^|]+)|(.*)$')
    if kind == 'c' then
      -- A call's connection goes by the same name when another node has taken it over.
      if call('HGET', B .. ':ic:' .. id, rest) == node .. '|' .. ARGV[6] then dropConnection(id, rest) end
    else
      local device, connection = string.match(rest, '^([^|]*)|(.*)$')
      dropDevice(id, device, connection)
    end
  end
end
local more = call('EXISTS', key)
if more == 0 then
  local standing = call('HGET', B .. ':nodes', ARGV[5])
  if standing and string.sub(standing, 1, #ARGV[6] + 1) == ARGV[6] .. '|' then call('HDEL', B .. ':nodes', ARGV[5]) end
end
return { 'ok', more, at - 7, knocks }
