-- rows: the hashes of interactions and agents, read once in a call and written once at its end. Needs clock.
-- Whoever reads such a hash in a script does it through here, or sees what stood before; what is written elsewhere is written at once.
--
-- A row is field → value as text, false where Redis has none, nil where nobody asked. Nothing here makes a table that grows: growing is what costs
-- in Lua, more than what Redis does. So what is asked and what is written stands in lists that are used again in every call.
local interactions, agentRows, changed, listsUsed, settle
-- Of a row, beside the fields: its key, whether it is not there yet (then nothing is left to read), its list for HSET and how long that is.
local KEY, NEW, LIST, LENGTH = 1, 2, 3, 4
local lists, asked = {}, { 'HMGET' }
-- What is counted is small; a number that is made text is printed anew each time, at the price of ten look-ups.
local SMALL = {}
for n = 0, 255 do SMALL[n] = n .. '' end
-- @each
interactions, agentRows, changed, listsUsed, settle = {}, {}, {}, 0, nil
-- @end

local function rowOf(i)
  local row = interactions[i]
  if not row then
    row = { B .. ':i:' .. i, nil, nil, nil }
    interactions[i] = row
  end
  return row
end
local function agentRow(a)
  local row = agentRows[a]
  if not row then
    row = { B .. ':a:' .. a, nil, nil, nil }
    agentRows[a] = row
  end
  return row
end

-- Of an interaction that is not there yet nothing has to be read.
local function addRow(i) rowOf(i)[NEW] = true end

-- Reads the fields that are not known yet, all in one go. @return the row
local function know(row, names)
  if row[NEW] then return row end
  local count = 2
  for k = 1, #names do
    local name = names[k]
    if row[name] == nil then
      count = count + 1
      asked[count] = name
    end
  end
  if count > 2 then
    asked[2] = row[KEY]
    local values = call(unpack(asked, 1, count))
    for k = 3, count do row[asked[k]] = values[k - 2] end
  end
  return row
end

-- Where a row's next field and value go.
local function listOf(row)
  local list = row[LIST]
  if not list then
    listsUsed = listsUsed + 1
    list = lists[listsUsed]
    if not list then
      list = { 'HSET' }
      lists[listsUsed] = list
    end
    list[2] = row[KEY]
    row[LIST], row[LENGTH] = list, 2
    changed[#changed + 1] = row
  end
  return list, row[LENGTH]
end

-- A field that is written twice stands twice in the list: for HSET the later one counts.
local function writeOne(row, field, value)
  value = SMALL[value] or value .. ''
  if row[field] == value then return end
  local list, length = listOf(row)
  row[field], list[length + 1], list[length + 2], row[LENGTH] = value, field, value, length + 2
end

local function write(row, ...)
  local list, length = listOf(row)
  local given = { ... }
  for k = 1, #given, 2 do
    -- Numbers become text here: what HSET is given as a number is printed at twice the cost.
    local field, value = given[k], given[k + 1]
    value = SMALL[value] or value .. ''
    row[field], list[length + k], list[length + k + 1] = value, field, value
  end
  row[LENGTH] = length + #given
end

-- @return the sum as text
local function addTo(row, field, by)
  local sum = row[field]
  if sum == nil then sum = know(row, { field })[field] end
  writeOne(row, field, (sum or 0) + by)
  return row[field]
end

-- Writes what changed of one row.
local function flush(row)
  if row[LENGTH] and row[LENGTH] > 2 then
    call(unpack(row[LIST], 1, row[LENGTH]))
    row[LENGTH] = 2
  end
end

-- At the end of every call.
local function finish()
  if settle then settle() end
  for k = 1, #changed do flush(changed[k]) end
end

local function valuesOf(row, names)
  know(row, names)
  for k = 1, #names do names[k] = row[names[k]] or false end
  return names
end
local function fields(i, ...) return valuesOf(rowOf(i), { ... }) end
local function agentFields(a, ...) return valuesOf(agentRow(a), { ... }) end
local function writeInteraction(i, ...) write(rowOf(i), ...) end
local function writeAgent(a, ...) write(agentRow(a), ...) end
