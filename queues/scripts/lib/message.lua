-- message: what sending has in common, with or without a claim. Needs base.
-- A message is ten arguments from ARGV[at] on:
--   interaction, account, mid, role, sender, name, visibility, text, file (JSON or ''), preview
-- A sender's mid is remembered for the conversation (the last 256 to 512 messages): sent again it gets the first result.
local MESSAGE_ARGS = 10

-- Reads the conversation and refuses what nobody may send. @return the message, or nil and the answer
local function readMessage(at)
  local m = {
    i = ARGV[at], acc = ARGV[at + 1], mid = ARGV[at + 2], role = ARGV[at + 3], by = ARGV[at + 4], name = ARGV[at + 5], vis = ARGV[at + 6],
    text = ARGV[at + 7], file = ARGV[at + 8], preview = ARGV[at + 9],
  }
  local h = call('HMGET', B .. ':i:' .. m.i, 'acc', 'q', 'st', 'own', 'c', 'parts', 'ownN', 'oa', 'una', 'tok', 'off', 'unread')
  if h[1] ~= m.acc then return nil, { 'not_found' } end
  m.q, m.state, m.owner, m.ownerName, m.offered, m.token, m.since, m.unread = h[2], h[3], h[4], h[7], h[8], h[10], h[9], h[12]
  m.off = number(h[11])
  m.mark = m.by .. ':' .. m.mid
  local known = call('HGET', B .. ':dd:' .. m.i, m.mark) or (m.off > 256 and call('HGET', B .. ':de:' .. m.i, m.mark))
  if known then
    local bar = string.find(known, '|', 1, true)
    return nil, { 'ok', string.sub(known, 1, bar - 1), string.sub(known, bar + 1), 1 }
  end
  if m.state == 'closed' or m.state == 'ended' then return nil, { 'gone' } end
  if m.role == 'customer' and h[5] ~= m.by then return nil, { 'not_found' } end
  m.isIn = m.role ~= 'agent' or m.owner == m.by or (h[6] and string.find(h[6], '"' .. m.by .. '"', 1, true) ~= nil)
  return m
end

-- Appends it after the offset that stands and writes what the rows show. @return the answer: ok, off, at, isRepeat 0
local function append(m)
  local body = { i = m.i, q = m.q, mid = m.mid, role = m.role, by = m.by, n = m.name, vis = m.vis }
  if m.text ~= '' then body.text = m.text end
  if m.file ~= '' then body.file = cjson.decode(m.file) end
  local off = m.off + 1
  emit('message.sent', m.acc, body, { i = m.i, off = off, q = m.q, row = m.owner })
  call('HSET', B .. ':dd:' .. m.i, m.mark, off .. '|' .. now)
  if off > 256 and call('HLEN', B .. ':dd:' .. m.i) >= 256 then call('RENAME', B .. ':dd:' .. m.i, B .. ':de:' .. m.i) end
  local key = B .. ':i:' .. m.i
  if m.vis ~= 'everyone' then
    call('HSET', key, 'off', off)
  else
    local last = cjson.encode({ text = m.preview, role = m.role, at = now })
    if m.role == 'customer' then
      call('HSET', key, 'off', off, 'lm', last, 'una', m.since and m.since ~= '' and m.since or now, 'unread', number(m.unread) + 1)
    elseif m.role == 'system' then
      call('HSET', key, 'off', off, 'lm', last)
    else
      call('HSET', key, 'off', off, 'lm', last, 'una', '', 'unread', 0, 'rs', off)
    end
  end
  return { 'ok', tostring(off), tostring(now), 0 }
end
