-- spoken: what all parts speak of: prefix of the partition's keys, Redis's call, the partition's meta, its time in ms, and that as text (a number
-- that Redis is given is printed anew each time). Set by clock or by reading.
local B, call, meta, now, nowText
local function number(text) return tonumber(text or '0') or 0 end
