-- applyPhones: writes the copy of one configuration entry of the phones; an older version than the one that stands is refused. Whoever may register no more,
-- or has other credentials, is unbound: it has to register again.
-- ARGV 5 kind (number|phone|trunk) 6 id 7 account 8 version 9 doc (JSON, '' = deleted)
-- Answers: ok, applied 0|1
-- @include routing
-- @include presence
-- @include bindings
local kind, id, acc, version = ARGV[5], ARGV[6], ARGV[7], number(ARGV[8])
local entry = kind .. ':' .. id
if number(call('HGET', B .. ':pv:' .. acc, entry)) >= version then return { 'ok', 0, knocks } end
call('HSET', B .. ':pv:' .. acc, entry, version)
local standing = call('GET', B .. ':pd:' .. entry)
local old = standing and cjson.decode(standing) or nil
local doc = ARGV[9] ~= '' and cjson.decode(ARGV[9]) or nil
if doc then call('SET', B .. ':pd:' .. entry, ARGV[9]) else call('DEL', B .. ':pd:' .. entry) end

if kind == 'number' then
  local numbers = B .. ':pn:' .. acc
  if old and call('HGET', numbers, old.number) == id then call('HDEL', numbers, old.number) end
  if doc then call('HSET', numbers, doc.number, id) end
  return { 'ok', 1, knocks }
end

if kind == 'phone' then
  if old then call('SREM', B .. ':pph:' .. old.userId, id) end
  if doc and doc.isActive then call('SADD', B .. ':pph:' .. doc.userId, id) end
  local extensions = B .. ':pe:' .. acc
  local before, after = old and old.extension or '', doc and doc.extension or ''
  if before ~= '' and call('HGET', extensions, before) == id then call('HDEL', extensions, before) end
  if after ~= '' then call('HSET', extensions, after, id) end
end
local function mayStay()
  if not old then return true end
  if not doc or not doc.isActive then return false end
  for _, field in ipairs({ 'userId', 'type', 'username', 'sealedHa1', 'sealedHa1Sha256', 'sealedSecret' }) do
    if old[field] ~= doc[field] then return false end
  end
  return true
end
if not mayStay() then
  local members = {}
  for k, instance in ipairs(call('HKEYS', B .. ':pb:' .. id)) do members[k] = id .. '|' .. instance end
  phones.lapse(members)
end
-- Of a phone that is no more nothing is shown.
if old and old.userId and not (doc and doc.userId == old.userId) then call('HDEL', B .. ':ad:' .. old.userId, id) end
return { 'ok', 1, knocks }
