-- readRows: interactions as they are now, as many as the caller asks for at a time.
-- ARGV 1 account 2… interactions
-- Answers: interaction and its fields, for each that is there and the account's
local B, call = KEYS[1], redis.call
local rows = {}
for k = 2, #ARGV do
  local key = B .. ':i:' .. ARGV[k]
  if call('HGET', key, 'acc') == ARGV[1] then rows[#rows + 1] = { ARGV[k], call('HGETALL', key) } end
end
return rows
