-- readBindings: the live bindings of a phone, or of all phones of an agent.
-- ARGV 1 explicit time 2 phone | agent 3 id
-- Answers: bindings (JSON each), the first to run out first
-- @include reading
local ids = ARGV[2] == 'agent' and call('SMEMBERS', B .. ':pph:' .. ARGV[3]) or { ARGV[3] }
local found = {}
for _, phone in ipairs(ids) do
  local flat = call('HVALS', B .. ':pb:' .. phone)
  for _, entry in ipairs(flat) do
    local till, json = string.match(entry, '^(%d+)|[^|]*|[^|]*|[^|]*|[^|]*|[^|]*|%d+|(.*)$')
    if tonumber(till) > now then found[#found + 1] = { tonumber(till), json } end
  end
end
table.sort(found, function(one, other)
  if one[1] ~= other[1] then return one[1] < other[1] end
  return one[2] < other[2]
end)
for k, each in ipairs(found) do found[k] = each[2] end
return found
