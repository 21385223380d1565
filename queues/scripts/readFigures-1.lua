-- readFigures: the live figures of a queue.
-- ARGV 1 queue 2 account
-- Answers: version, waiting, start of the longest wait or '', in service, agents online, agents available | false
local B, call = KEYS[1], redis.call
local q = ARGV[1]
if call('HGET', B .. ':q:' .. q, 'acc') ~= ARGV[2] then return false end
local head = call('ZRANGE', B .. ':w:' .. q, 0, 0)
return {
  (call('HGET', B .. ':meta', 'epoch') or '') .. '-' .. (call('HGET', B .. ':ql:' .. q, 'off') or '0'),
  call('ZCARD', B .. ':w:' .. q),
  head[1] and call('HGET', B .. ':i:' .. head[1], 'start') or '',
  call('ZCARD', B .. ':qo:' .. q),
  call('SCARD', B .. ':on:' .. q),
  call('ZCARD', B .. ':r:' .. q),
}
