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
  -- In an automatic queue those who wait although an agent is ready wait for somebody else.
  local isManual = struct.unpack('<d', st, AT_OPENED + 16) == 1
  if ready > 0 and (not isManual or ready > ahead) then return math.floor(delay + 0.5) end
  if online == 0 then return nil end

  local handled, handleMs, handle, seen, arrivals, left, _, leftMs, time, _, starts, _, waits = struct.unpack(FIRST_13, st)
  local handled2, handleMs2, _, seen2, arrivals2, left2, _, leftMs2, time2, _, starts2, _, waits2 = struct.unpack(FIRST_13, bases, AT_HOUR_BEFORE)
  local seen1, arrivals1, _, _, _, time1, _, starts1 = struct.unpack('<dddddddd', window, AT_ENTERED)
  if handled > handled2 then handle = (handleMs - handleMs2) / (handled - handled2) end
  -- Starts and the time of one agent that they took.
  local function observed(startsThen, timeThen, seenThen, arrivalsThen)
    local agents = arrivals > arrivalsThen and (seen - seenThen) / (arrivals - arrivalsThen) or online
    return starts - startsThen, (time - timeThen) * agents
  end
  local recent, recentTime = observed(starts1, time1, seen1, arrivals1)
  local longer, longerTime = observed(starts2, time2, seen2, arrivals2)
  longer, longerTime = longer - recent, longerTime - recentTime
  local weight = longer > STARTS_BEFORE and STARTS_BEFORE / longer or 1
  recent, recentTime = recent + longer * weight, recentTime + math.max(longerTime, 0) * weight
  if handle + delay > 0 then
    recent = recent + STARTS_AT_FIRST
    recentTime = recentTime + STARTS_AT_FIRST * (handle + delay) * online / math.max(inService, online)
  end
  if recent == 0 or recentTime == 0 then return nil end

  local rate, leaving = online * recent / recentTime, 0
  if left > left2 then leaving = (left - left2) / (leftMs - leftMs2 + waits - waits2 + handle + 1) end
  local sum, j, k = delay, 0, ahead - ready
  while j <= k and j < EXACT_TERMS do
    sum, j = sum + 1 / (rate + j * leaving), j + 1
  end
  if j <= k then
    if leaving == 0 then
      sum = sum + (k - j + 1) / rate
    else
      sum = sum + math.log((rate + (k + 0.5) * leaving) / (rate + (j - 0.5) * leaving)) / leaving
    end
  end
  return math.floor(sum + 0.5)
end
