-- estimate: how long somebody will wait, from live state (BEY-4). Needs window.
--
-- With k ahead and every agent busy, the wait is the time of k + 1 departures from the line: starts of service at the rate s and, while j are
-- still ahead, abandonments at the rate jθ. So E[W] = Σ j=0…k 1/(s + jθ): the Markovian queue-length estimator of an Erlang-A system (without
-- abandonment (k + 1)/s, that of Erlang C), which Ibrahim and Whitt show to be better than those made of past waits.
--   θ  abandoned ÷ time waited by everybody, in the window: maximum likelihood for patience that an answer cuts off
--   s  starts of service while something waited ÷ that time, in the window, by agents online now ÷ online then. It needs no model of agents
--      who serve other queues too, hold several chats or cannot serve everything. While little was seen it leans on n/(h + d):
--      n  servers: what the queue has in service, at least one for each agent online
--      h  mean handle time of the window, else of the day, else the last known
--   d  how long an agent who is ready takes to answer, in the window: the estimate when one is ready, and 0 where nobody has to accept
-- What it does not know: that the one who asks needs a skill which few have, and who will come later with a higher priority.

-- How many starts, and how many handle times of waiting, what is known beforehand is worth.
local PRIOR_STARTS, PRIOR_WAITED = 8, 1
-- Terms of the sum that are added one by one; the rest is an integral, right to a thousandth.
local EXACT_TERMS = 4

-- st, window, day: counters now, when the window and when the day began (or nil); ahead: how many are before it; ready, online: agents;
-- inService: interactions offered or owned. @return ms; nil when there is nothing to go by
local function estimate(st, window, day, ahead, ready, online, inService)
  local first = window or st
  local fresh, freshWaits = struct.unpack('<dd', st, 137)
  local fresh0, freshWaits0 = struct.unpack('<dd', first, 137)
  local delay = fresh > fresh0 and (freshWaits - freshWaits0) / (fresh - fresh0) or 0
  -- In an automatic queue those who wait although an agent is ready wait for somebody else.
  local isManual = struct.unpack('<d', st, 169) == 1
  if ready > 0 and (not isManual or ready > ahead) then return math.floor(delay + 0.5) end
  if online == 0 then return nil end

  local handled, handleMs, handle, seen, arrivals, left, _, leftMs, time, _, starts, _, waits = struct.unpack('<ddddddddddddd', st)
  local handled0, handleMs0, _, seen0, arrivals0, left0, _, leftMs0, time0, _, starts0, _, waits0 = struct.unpack('<ddddddddddddd', first)
  if handled > handled0 then
    handle = (handleMs - handleMs0) / (handled - handled0)
  elseif day then
    local handledBefore, handleMsBefore = struct.unpack('<dd', day)
    if handled > handledBefore then handle = (handleMs - handleMsBefore) / (handled - handledBefore) end
  end
  starts, time = starts - starts0, time - time0
  if arrivals > arrivals0 then time = time * (seen - seen0) / (arrivals - arrivals0) / online end
  if handle + delay > 0 then
    starts = starts + PRIOR_STARTS
    time = time + PRIOR_STARTS * (handle + delay) / math.max(inService, online)
  end
  if starts == 0 or time == 0 then return nil end

  local rate, leaving = starts / time, 0
  if left > left0 then leaving = (left - left0) / (leftMs - leftMs0 + waits - waits0 + PRIOR_WAITED * handle + 1) end
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
