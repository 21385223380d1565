-- closeInteraction: the owner or a supervisor closes with an outcome; wrap-up begins or the next conversation comes, in the same step.
-- ARGV 5 interaction 6 account 7 agent 8 outcome 9 note 10 supervisor 0|1 11 command
-- Answers: ok | not_found | forbidden | gone | outcome_required
-- @include routing
local i, a, outcome = ARGV[5], ARGV[7], ARGV[8]
local h = know(rowOf(i), CLOSING)
if h.acc ~= ARGV[6] then return { 'not_found' } end
-- Only what is closed can have been closed by this command.
if h.st == 'closed' then return firstResult(ARGV[11]) and { 'ok', knocks } or { 'gone' } end
if h.own ~= a and ARGV[10] ~= '1' then return { 'forbidden' } end
local q, owner = h.q, h.own
if outcome == '' then
  if queueOf(q).isOutcomeRequired then return { 'outcome_required' } end
elseif not call('HGET', B .. ':qout:' .. q, outcome) then
  return { 'outcome_required' }
end
keepResult(ARGV[11], '1')
if owner ~= '' then
  closeOwned(i, q, owner, outcome, ARGV[9])
else
  closeUnowned(i, 'rejected', outcome, ARGV[9])
end
return { 'ok', knocks }
