-- rows: the hashes of interactions, agents and overviews, read once in a call and written once at its end. Needs clock.
-- Whoever reads such a hash in a script does it through here, or sees what stood before; what is written elsewhere is written at once.
local rows, changes, touched, settle
local NEW = {}
-- @each
rows, changes, touched, settle = {}, {}, {}, nil
-- @end

-- What is known of a hash in this call: field → value, or false where there is none.
local function rowOf(key)
  local row = rows[key]
  if not row then
    row = {}
    rows[key] = row
  end
  return row
end

-- Of a hash that is not there yet nothing has to be read.
local function addRow(key) rows[key] = { [NEW] = true } end

-- Reads the fields that are not known yet, all in one go. @return the row
local function know(key, ...)
  local row, command = rowOf(key), nil
  if row[NEW] then return row end
  for _, field in ipairs({ ... }) do
    if row[field] == nil then
      command = command or { 'HMGET', key }
      command[#command + 1] = field
    end
  end
  if command then
    local values = call(unpack(command))
    for k = 3, #command do row[command[k]] = values[k - 2] end
  end
  return row
end

local function write(key, ...)
  local row, change = rowOf(key), changes[key]
  if not change then
    change = { 'HSET', key }
    changes[key] = change
    changes[#changes + 1] = key
  end
  local given = { ... }
  for k = 1, #given, 2 do
    local field, value = given[k], tostring(given[k + 1])
    row[field] = value
    local at = change[field]
    if not at then
      at = #change + 1
      change[field], change[at] = at, field
    end
    change[at + 1] = value
  end
end

local function addTo(key, field, by)
  local sum = number(know(key, field)[field]) + by
  write(key, field, sum)
  return sum
end

-- Writes what changed of one hash, or (nil) of all.
local function flush(key)
  for k, each in ipairs(changes) do
    if (not key or each == key) and changes[each] then
      call(unpack(changes[each]))
      changes[each] = nil
    end
  end
  if key then
    local rest = {}
    for _, each in ipairs(changes) do
      if changes[each] then
        rest[#rest + 1] = each
        rest[each] = changes[each]
      end
    end
    changes = rest
  else
    changes = {}
  end
end

-- At the end of every call.
local function finish()
  if settle then settle() end
  flush()
end

local function fieldsOf(key, ...)
  local row, list = know(key, ...), { ... }
  for k = 1, #list do list[k] = row[list[k]] or false end
  return list
end
local function fields(i, ...) return fieldsOf(B .. ':i:' .. i, ...) end
local function agentFields(a, ...) return fieldsOf(B .. ':a:' .. a, ...) end
local function writeInteraction(i, ...) write(B .. ':i:' .. i, ...) end
local function writeAgent(a, ...) write(B .. ':a:' .. a, ...) end

-- The interaction as a flat list of fields and values.
local function view(i)
  local key = B .. ':i:' .. i
  local row, list = rowOf(key), {}
  if not row[NEW] then
    flush(key)
    return call('HGETALL', key)
  end
  for field, value in pairs(row) do
    if field ~= NEW then
      list[#list + 1] = field
      list[#list + 1] = value
    end
  end
  return list
end
