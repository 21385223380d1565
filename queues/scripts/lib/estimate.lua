-- estimate: how long somebody will wait, from live state (BEY-4). Needs window.
--
-- With k ahead and every agent busy, the wait is the time of k + 1 departures from the line: starts of service at the rate s and, while j are
-- still ahead, abandonments at the rate jθ. So E[W] = Σ j=0…k 1/(s + jθ): the Markovian queue-length estimator of an Erlang-A system (without
-- abandonment (k + 1)/s, that of Erlang C), which Ibrahim and Whitt show to be better than those made of past waits.
--   θ  abandoned ÷ time waited by everybody: maximum likelihood for patience that an answer cuts off
--   s  starts of service while something waited ÷ that time, by agents online now ÷ online then: it needs no model of agents who serve other
--      queues too, hold several chats or cannot serve everything. What the window saw is joined by what the hours before did, which counts for
--      no more than 100 starts (so many tell a rate to a tenth), and, for the beginning, by n/(h + d) as if seen for 8:
--      n  servers: what the queue has in service, at least one for each agent online
--      h  mean handle time
--   d  how long an agent who is ready takes to answer: the estimate when one is ready, and 0 where nobody has to accept
-- θ, h and d are those of the last one to two hours in which anything happened; h else the last known.
-- What it does not know: that the one who asks needs a skill which few have, and who will come later with a higher priority.

local STARTS_BEFORE, STARTS_AT_FIRST = 100, 8
-- Terms of the sum that are added one by one; the rest is an integral, right to a thousandth.
local EXACT_TERMS = 4

-- st, window, bases: counters now, when the window began, and those of sb:<queue>; ahead: how many are before it; ready, online: agents;
-- inService: interactions offered or owned. @return ms; nil when there is nothing to go by
local function estimate(st, window, bases, ahead, ready, online, inService)
  local fresh, freshWaits = struct.unpack('<dd', st, AT_FRESH)
  local freshBefore, freshWaitsBefore = struct.unpack('<dd', bases, AT_HOUR_BEFORE + AT_FRESH - 1)
  local delay = fresh > freshBefore and (freshWaits - freshWaitsBefore) / (fresh - freshBefore) or 0
  -- Those who wait although an agent is ready wait for another one, or for somebody to choose them.
  if ready > 0 then return math.floor(delay + 0.5) end
  if online == 0 then return nil end

  local handled, handleMs, handle, seen, arrivals, left, _, leftMs, time, _, starts, _, waits = struct.unpack(FIRST_13, st)
  local handled2, handleMs2, _, seen2, arrivals2, left2, _, leftMs2, time2, _, starts2, _, waits2 = struct.unpack(FIRST_13, bases, AT_HOUR_BEFORE)
  local seen1, arrivals1, _, _, _, time1, _, starts1 = struct.unpack('<dddddddd', window, AT_ENTERED)
  if handled > handled2 then handle = (handleMs - handleMs2) / (handled - handled2) end
  -- Starts, and the time of one agent that they took: in the window, and in the hours before it.
  local agents1 = arrivals > arrivals1 and (seen - seen1) / (arrivals - arrivals1) or online
  local agents2 = arrivals > arrivals2 and (seen - seen2) / (arrivals - arrivals2) or online
  local recent, recentTime = starts - starts1, (time - time1) * agents1
  local longer, longerTime = starts1 - starts2, (time - time2) * agents2 - recentTime
  local weight = longer > STARTS_BEFORE and STARTS_BEFORE / longer or 1
  recent, recentTime = recent + longer * weight, recentTime + math.max(longerTime, 0) * weight
  if handle + delay > 0 then
    recent = recent + STARTS_AT_FIRST
    recentTime = recentTime + STARTS_AT_FIRST * (handle + delay) * online / math.max(inService, online)
  end
  if recent == 0 or recentTime == 0 then return nil end

  local rate, leaving = online * recent / recentTime, 0
  if left > left2 then leaving = (left - left2) / (leftMs - leftMs2 + waits - waits2 + handle + 1) end
  local sum, j = delay, 0
  while j <= ahead and j < EXACT_TERMS do
    sum, j = sum + 1 / (rate + j * leaving), j + 1
  end
  if j <= ahead then
    if leaving == 0 then
      sum = sum + (ahead - j + 1) / rate
    else
      sum = sum + math.log((rate + (ahead + 0.5) * leaving) / (rate + (j - 0.5) * leaving)) / leaving
    end
  end
  return math.floor(sum + 0.5)
end
