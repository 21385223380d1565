-- bindings: where phones are registered (RFC 3261 10, RFC 5626). A phone with a live binding is a live device of its agent: it needs no process to hold it,
-- so a SIP application that dies takes no phone along. Needs presence.
--
-- pb:<phone>   instance → until|agent|account|edge|flow|call-id|cseq|binding (JSON); agent '' for a trunk. Fields are escaped by the caller: no '|' but in the JSON
-- pbx          <phone>|<instance> by until      pbs  edges that have bindings      pbe:<edge>  <flow> <phone>|<instance>, all with score 0
-- pph:<agent>  phones configured      pd:<kind>:<id>  copies of configuration      pv:<account>  their versions      pn:<account>  number → id      pe:<account>  short number → phone
-- The phone's device in ad:<agent>: bound|phones||name

local MOST_BINDINGS = 10

function phones.read(phone, instance)
  local entry = call('HGET', B .. ':pb:' .. phone, instance)
  if not entry then return nil end
  local till, agent, account, edge, flow, callId, cseq, json = string.match(entry, '^(%d+)|([^|]*)|([^|]*)|([^|]*)|([^|]*)|([^|]*)|(%d+)|(.*)$')
  return { till = number(till), agent = agent, account = account, edge = edge, flow = flow, callId = callId, cseq = number(cseq), json = json }
end

-- The bindings of a phone that stand, as JSON, the first to run out first.
function phones.standing(phone)
  local found = {}
  for _, instance in ipairs(call('HKEYS', B .. ':pb:' .. phone)) do
    local b = phones.read(phone, instance)
    if b.till > now then found[#found + 1] = b end
  end
  table.sort(found, function(one, other)
    if one.till ~= other.till then return one.till < other.till end
    return one.json < other.json
  end)
  for k, b in ipairs(found) do found[k] = b.json end
  return found
end

-- @return the binding that is no more, or nil
function phones.unbind(phone, instance)
  local b = phones.read(phone, instance)
  if not b then return nil end
  call('HDEL', B .. ':pb:' .. phone, instance)
  call('ZREM', B .. ':pbx', phone .. '|' .. instance)
  call('ZREM', B .. ':pbe:' .. b.edge, b.flow .. ' ' .. phone .. '|' .. instance)
  if call('EXISTS', B .. ':pbe:' .. b.edge) == 0 then call('SREM', B .. ':pbs', b.edge) end
  return b
end

-- Makes the agent's device follow the bindings. @return whether that changed something
function phones.show(a, phone, name)
  if a == '' then return false end
  local entry = call('HGET', B .. ':ad:' .. a, phone)
  local isShown = entry ~= false and string.sub(entry, 1, 1) ~= '|'
  local isBound = call('EXISTS', B .. ':pb:' .. phone) == 1
  if isBound and not isShown then
    if agentFields(a, 'act')[1] ~= '1' then return false end
    call('HSET', B .. ':ad:' .. a, phone, 'bound|phones||' .. (name or string.match(entry or '', '^[^|]*|[^|]*|[^|]*|(.*)$') or ''))
    devicesChanged(a, phone, true)
  elseif isShown and not isBound then
    dropDevice(a, phone, 'bound')
  else
    return false
  end
  return true
end

-- Ends bindings, told as `<phone>|<instance>`. @return those that stood: agent, account and JSON of each, flat
function phones.lapse(members)
  local told, seen = {}, {}
  for _, member in ipairs(members) do
    local phone, instance = string.match(member, '^([^|]*)|(.*)$')
    local b = phones.unbind(phone, instance)
    if b then
      told[#told + 1], told[#told + 2], told[#told + 3] = b.agent, b.account, b.json
      seen[#seen + 1] = { b.agent, phone }
    else
      call('ZREM', B .. ':pbx', member)
    end
  end
  for _, each in ipairs(seen) do phones.show(each[1], each[2]) end
  return told
end
