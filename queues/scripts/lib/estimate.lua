-- estimate: how long somebody will wait, from live state (BEY-4). Needs window. Pure but for the counts it is given.
--
-- With k ahead and every agent busy, the wait is the time of k + 1 departures from the line: starts of service at the rate s, and, while j are
-- still ahead, abandonments at the rate jθ. So E[W] = Σ j=0…k 1/(s + jθ), the Markovian queue-length estimator of an Erlang-A system (without
-- abandonment (k + 1)/s, that of Erlang C); Ibrahim and Whitt show that it beats every estimator made of past waits.
--   θ  abandoned ÷ time waited by everybody, of the window: the maximum likelihood estimate for patience that is cut off by answering
--   s  starts of service while something waited ÷ that time, of the window, times agents online now ÷ online then. It needs no model of agents who
--      serve other queues too, hold several chats, or cannot serve everything. While little has been seen it leans on n/(h + d):
--      n  servers: what the queue has in service now, at least one for each agent online
--      h  mean handle time: of the window, else of the day, else the last known
--   d  how long an agent who is ready takes to answer, of the window; it is the estimate when one is ready, and 0 where nobody has to accept

-- Starts of service whose worth the prior has.
local PRIOR = 8
-- Terms of the sum that are added one by one; the rest is an integral, right to a thousandth.
local EXACT_TERMS = 4

-- Time of `ahead` + 1 departures.
local function departures(ahead, rate, leaving)
  local sum, j = 0, 0
  while j <= ahead and j < EXACT_TERMS do
    sum = sum + 1 / (rate + j * leaving)
    j = j + 1
  end
  if j > ahead then return sum end
  if leaving == 0 then return sum + (ahead - j + 1) / rate end
  return sum + math.log((rate + (ahead + 0.5) * leaving) / (rate + (j - 0.5) * leaving)) / leaving
end

-- d: what was counted in the window. @return how long an agent who is ready takes, ms
local function answerDelay(d) return d[12] > 0 and d[13] / d[12] or 0 end

-- v: the queue's numbers; d, today: what was counted in the window and today; ahead: how many are before it; ready, online: agents;
-- inService: interactions that are offered or owned. @return ms; nil when there is nothing to go by
local function estimate(v, d, today, ahead, ready, online, inService)
  local delay = answerDelay(d)
  -- In an automatic queue those who wait although an agent is ready wait for somebody else.
  if ready > 0 and (v[22] == 0 or ready > ahead) then return math.floor(delay + 0.5) end
  if online == 0 then return nil end
  local handle = d[7] > 0 and d[8] / d[7] or today[7] > 0 and today[8] / today[7] or v[20]
  local starts, time = d[14], d[15]
  if d[17] > 0 then time = time * (d[16] / d[17]) / online end
  if handle + delay > 0 then
    starts = starts + PRIOR
    time = time + PRIOR * (handle + delay) / math.max(inService, online)
  end
  if starts == 0 or time == 0 then return nil end
  local waited = d[2] + d[6]
  local leaving = waited > 0 and d[4] / waited or 0
  return math.floor(delay + departures(ahead - ready, starts / time, leaving) + 0.5)
end
