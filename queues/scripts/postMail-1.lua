-- postMail: puts a letter into a node's mailbox, if the node is there. The mailbox goes with its node.
-- KEYS[1] prefix of the node's keys   ARGV 1 most letters kept 2 only to who serves 0|1 3… fields and values
-- Answers: 1 | 0 (nobody is there)
if ARGV[2] == '1' and redis.call('EXISTS', KEYS[1] .. ':up') == 0 then return 0 end
local add = { 'XADD', KEYS[1] .. ':mail', 'MAXLEN', '~', ARGV[1], '*' }
for k = 3, #ARGV do add[#add + 1] = ARGV[k] end
redis.call(unpack(add))
redis.call('PEXPIRE', KEYS[1] .. ':mail', 60000)
return 1
