-- endInteraction: the client or the owner ends the conversation. Untaken ones are closed, as abandoned or, by a supervisor, as rejected; others wait for
-- the owner's closing.
-- ARGV 5 interaction 6 account 7 by (client|agent) 8 member 9 supervisor 0|1
-- Answers: ok | not_found | forbidden | gone
-- @include routing
local i, by, member = ARGV[5], ARGV[7], ARGV[8]
local h = fields(i, 'acc', 'c', 'st', 'own', 'ownN', 'cn', 'presTok')
if h[1] ~= ARGV[6] or (by == 'client' and h[2] ~= member) then return { 'not_found' } end
if by == 'agent' and h[4] ~= member and ARGV[9] ~= '1' then return { 'forbidden' } end
if h[3] == 'closed' then return { 'gone' } end
if h[3] == 'ended' then return { 'ok', knocks } end
clearDeadline('reconnect', i, h[7] or '0')
if h[3] == 'served' then
  endConversation(i, by, by, by == 'agent' and member or '', by == 'agent' and h[5] or h[6])
elseif by == 'agent' then
  closeUnowned(i, 'rejected', '', '')
else
  abandon(i)
end
return { 'ok', knocks }
