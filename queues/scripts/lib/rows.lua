-- rows: the hashes of interactions, agents and overviews, read once in a call and written once at its end. Needs clock.
-- Whoever reads such a hash in a script does it through here, or sees what stood before; what is written elsewhere is written at once.
local rows, changes, touched, settle
-- @each
rows, changes, touched = {}, {}, {}
-- @end

local function rowOf(key)
  local row = rows[key]
  if not row then
    row = {}
    local flat = call('HGETALL', key)
    for k = 1, #flat, 2 do row[flat[k]] = flat[k + 1] end
    rows[key] = row
  end
  return row
end

-- Of a hash that is not there yet.
local function addRow(key) rows[key] = {} end

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
  local sum = number(rowOf(key)[field]) + by
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
  local row, list = rowOf(key), { ... }
  for k = 1, #list do list[k] = row[list[k]] or false end
  return list
end
local function fields(i, ...) return fieldsOf(B .. ':i:' .. i, ...) end
local function agentFields(a, ...) return fieldsOf(B .. ':a:' .. a, ...) end
local function writeInteraction(i, ...) write(B .. ':i:' .. i, ...) end
local function writeAgent(a, ...) write(B .. ':a:' .. a, ...) end

-- The interaction as a flat list of fields and values.
local function view(i)
  local list = {}
  for field, value in pairs(rowOf(B .. ':i:' .. i)) do
    list[#list + 1] = field
    list[#list + 1] = value
  end
  return list
end
