-- message: what sending has in common, with or without a claim. Needs base. This is the hottest path there is: the caller brings the JSON of
-- the event and of the row ready but for their last fields, and nothing is encoded or tabulated here that does not have to be.
-- A message is eight arguments from ARGV[at] on:
--   interaction, account, mid, role, sender, visibility, event (JSON object without its end: q, off), row's last message (JSON up to at)
-- A sender's mid is remembered for the conversation (the last 256 to 512 messages): sent again it gets the first result.
local MESSAGE_ARGS = 8

local I, Q, STATE, OWNER, OWNER_NAME, OFFERED, TOKEN, OFF = 1, 2, 3, 4, 7, 8, 10, 11

-- The conversation's fields, or nil and the answer: it is not there, over, not the sender's, or has the message already.
local function readConversation(at)
  local i, by = ARGV[at], ARGV[at + 4]
  local h = call('HMGET', B .. ':i:' .. i, 'acc', 'q', 'st', 'own', 'c', 'parts', 'ownN', 'oa', 'una', 'tok', 'off', 'unread')
  if h[1] ~= ARGV[at + 1] then return nil, { 'not_found' } end
  h[OFF] = number(h[OFF])
  local mark = by .. ':' .. ARGV[at + 2]
  local known = call('HGET', B .. ':dd:' .. i, mark) or (h[OFF] > 256 and call('HGET', B .. ':de:' .. i, mark))
  if known then
    local bar = string.find(known, '|', 1, true)
    return nil, { 'ok', string.sub(known, 1, bar - 1), string.sub(known, bar + 1), 1 }
  end
  if h[STATE] == 'closed' or h[STATE] == 'ended' then return nil, { 'gone' } end
  if ARGV[at + 3] == 'customer' and h[5] ~= by then return nil, { 'not_found' } end
  h[I] = i
  return h
end

-- Only an agent has to be in the conversation: the client is, and who supervises was checked by the caller.
local function isIn(at, h)
  local by = ARGV[at + 4]
  return ARGV[at + 3] ~= 'agent' or h[OWNER] == by or (h[6] and string.find(h[6], '["' .. by .. '",', 1, true) ~= nil)
end

-- Appends it to the feed and the log and writes what the rows show. @return the answer: ok, off, at, isRepeat 0
local function append(at, h)
  local i, q, role = h[I], h[Q], ARGV[at + 3]
  local off = h[OFF] + 1
  local body = ARGV[at + 6] .. ',"q":"' .. q .. '","off":' .. off .. '}'
  local feeds = 'conversation:' .. i .. '@' .. off .. ' queue:' .. q .. '@' .. call('HINCRBY', B .. ':ql:' .. q, 'off', 1)
  if h[OWNER] and h[OWNER] ~= '' then feeds = feeds .. ' agent:' .. h[OWNER] .. '@0' end
  keepClock()
  call('XADD', B .. ':f:conversation:' .. i, 'MAXLEN', '~', '5000', off .. '-0', 't', 'message.sent', 'at', now, 'd', body)
  call('XADD', B .. ':log', '*', 'v', '1', 't', 'message.sent', 'at', now, 'acc', ARGV[at + 1], 'f', feeds, 'd', body)
  local key = B .. ':i:' .. i
  if ARGV[at + 5] ~= 'everyone' then
    call('HSET', key, 'off', off)
  else
    local last = ARGV[at + 7] .. now .. '}'
    if role == 'customer' then
      call('HSET', key, 'off', off, 'lm', last, 'una', h[9] and h[9] ~= '' and h[9] or now, 'unread', number(h[12]) + 1)
    elseif role == 'system' then
      call('HSET', key, 'off', off, 'lm', last)
    else
      call('HSET', key, 'off', off, 'lm', last, 'una', '', 'unread', 0, 'rs', off)
    end
  end
  local marks = B .. ':dd:' .. i
  call('HSET', marks, ARGV[at + 4] .. ':' .. ARGV[at + 2], off .. '|' .. now)
  if off > 256 and call('HLEN', marks) >= 256 then call('RENAME', marks, B .. ':de:' .. i) end
  return { 'ok', tostring(off), tostring(now), 0 }
end
