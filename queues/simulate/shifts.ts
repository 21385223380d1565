/** What an agent's shifts make it do, and when (Unix ms): the same every day, cut to the time that is simulated. */
import { midnightOf, type Scenario, type ScenarioAgents } from './scenario.ts';
import { DAY_MS } from './times.ts';

export type ShiftStep = { readonly do: 'signIn' | 'goHome' | 'resume' } | { readonly do: 'pause'; readonly reason: string };

export function shiftSteps(scenario: Scenario, { shifts }: ScenarioAgents): { readonly at: number; readonly step: ShiftStep }[] {
  const midnight = midnightOf(scenario);
  const first = midnight + scenario.from;
  const last = midnight + scenario.to + scenario.drainMin * 60_000;
  if (!shifts) return [{ at: first, step: { do: 'signIn' } }];
  const steps: { at: number; step: ShiftStep }[] = [];
  /** What lasted when the simulation begins, begins with it. */
  const add = (from: number, to: number, begin: ShiftStep, end: ShiftStep): boolean => {
    if (to <= first || from > last) return false;
    steps.push({ at: Math.max(first, from), step: begin }, { at: to, step: end });
    return true;
  };
  // A shift may last past midnight: the day before has a part in the first one.
  for (let day = midnight - DAY_MS; day <= last; day += DAY_MS)
    for (const shift of shifts) {
      if (!add(day + shift.from, day + shift.to, { do: 'signIn' }, { do: 'goHome' })) continue;
      for (const pause of shift.breaks) add(day + pause.from, day + pause.to, { do: 'pause', reason: pause.reason }, { do: 'resume' });
    }
  return steps;
}
