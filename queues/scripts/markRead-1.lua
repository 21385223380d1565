-- markRead: the client, or the staff, has read up to an offset. Never goes back.
-- ARGV 5 interaction 6 account 7 by (client|staff) 8 member 9 upTo
-- Answers: ok | not_found
-- @include base
local i, by = ARGV[5], ARGV[7]
local h = fields(i, 'acc', 'q', 'c', 'off', by == 'client' and 'rc' or 'rs', 'own', 'st')
if h[1] ~= ARGV[6] or (by == 'client' and h[3] ~= ARGV[8]) then return { 'not_found' } end
local upTo = math.min(number(ARGV[9]), number(h[4]))
if upTo <= number(h[5]) or h[7] == 'closed' then return { 'ok', knocks } end
if by == 'client' then
  writeInteraction(i, 'rc', upTo)
else
  writeInteraction(i, 'rs', upTo, 'unread', 0)
end
emit('messages.read', h[1], { i = i, q = h[2], by = by, upTo = upTo }, { i = i, q = h[2], row = h[6] })
return { 'ok', knocks }
