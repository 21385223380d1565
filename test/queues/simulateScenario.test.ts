/** Scenario files that are wrong: the answer says where, what was found and what is expected. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkScenario, readScenario } from '../../queues/simulate/index.ts';
import { plainScenario, problemsOf } from '../support/simulations.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'centralino-scenario-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** [what is wrong, the scenario, what is said of it] */
const wrong: [string, unknown, RegExp][] = [
  ['nothing at all', {}, /^name: expected a string; found nothing$/m],
  ['a misspelt setting', plainScenario({ queue: { settings: { wrapUp: 3 } } }), /^queues\[0\]\.settings: "wrapUp" is not known here/m],
  [
    'an unknown strategy',
    plainScenario({ queue: { settings: { mode: 'longest-idle' } } }),
    /^queues\[0\]\.settings\.mode: expected one of "manual", .*"longest_idle".*; found "longest-idle"$/m,
  ],
  ['a time of day', plainScenario({ from: '8 am' }), /^from: expected a time of day such as "08:30", got "8 am"/m],
  ['an end before the beginning', plainScenario({ to: '07:00' }), /^to: must lie after "from"; .* hours above 24/m],
  [
    'a duration in words',
    plainScenario({ queue: { handling: '60 s' } }),
    /^queues\[0\]\.handling: expected a number of seconds, \{"exponential": mean\}.*; found "60 s"$/m,
  ],
  [
    'two durations in one',
    plainScenario({ queue: { handling: { constant: 1, exponential: 2 } } }),
    /^queues\[0\]\.handling: expected exactly one form/m,
  ],
  ['a negative duration', plainScenario({ queue: { handling: -5 } }), /^queues\[0\]\.handling.*: expected at least 0/m],
  [
    'no kind of arrivals',
    plainScenario({ queue: { arrivals: {} } }),
    /^queues\[0\]\.arrivals: expected exactly one of "perHour", "everySec" and "recorded"/m,
  ],
  [
    'a rate without its time',
    plainScenario({ queue: { arrivals: { perHour: [{ from: '08:00', rate: 3 }] } } }),
    /^queues\[0\]\.arrivals\.perHour\[0\]\.to: expected a string; found nothing$/m,
  ],
  ['an unknown queue', plainScenario({ agents: { queues: ['call'] } }), /^agents\[0\]\.queues: no queue "call"; the queues are "calls"$/m],
  [
    'a queue twice',
    { ...plainScenario(), queues: [...plainScenario().queues, ...plainScenario().queues] },
    /^queues\[1\]: "calls" is there twice/m,
  ],
  [
    'overflow to nowhere',
    plainScenario({ queue: { settings: { recipe: [{ afterSec: 5, do: { op: 'queue', queueId: 'x' } }] } } }),
    /^queues\[0\]\.settings\.recipe\[0\]\.do\.queueId: no queue "x"/m,
  ],
  [
    'an unknown recipe',
    plainScenario({ queue: { settings: { recipe: [{ afterSec: 5, do: { op: 'sing' } }] } } }),
    /^queues\[0\]\.settings\.recipe\[0\]\.do\.op: .*"callback"/m,
  ],
  [
    'a break outside the shift',
    plainScenario({ agents: { shifts: [{ from: '08:00', to: '09:00', breaks: [{ from: '10:00', to: '11:00' }] }] } }),
    /^agents\[0\]\.shifts\[0\]\.breaks\[0\]: must lie within the shift/m,
  ],
  [
    'a level above ten',
    plainScenario({ agents: { skills: { english: 11 } } }),
    /^agents\[0\]\.skills\.english: expected at most 10; found 11$/m,
  ],
  [
    'a foreign sign-in',
    { ...plainScenario({ agents: { signIn: ['other'] } }), queues: [...plainScenario().queues, { id: 'other', handling: 1 }] },
    /^agents\[0\]\.signIn: "other" is not among the group's queues: .*canSignInAnywhere/m,
  ],
  [
    'a file that is not there',
    plainScenario({ queue: { arrivals: { recorded: 'nowhere.csv' } } }),
    /^queues\[0\]\.arrivals\.recorded: the file "nowhere\.csv" .*ENOENT/m,
  ],
  [
    'recorded rows of another day',
    plainScenario({ queue: { arrivals: { recorded: [{ at: '2025-01-01T08:00:00Z' }] } } }),
    /^queues\[0\]\.arrivals\.recorded: none of 1 rows lies between .* the first is of 2025-01-01T08:00/m,
  ],
  [
    'a recorded time without an offset',
    plainScenario({ queue: { arrivals: { recorded: [{ at: '2026-03-02T08:00:00' }] } } }),
    /^queues\[0\]\.arrivals\.recorded\[0\]\.at: expected Unix milliseconds/m,
  ],
];

test.each(wrong)('BEY-2 a scenario with %s is refused with what to mend', (_, scenario, said) => {
  expect(problemsOf(scenario, folder).join('\n')).toMatch(said);
});

test('BEY-2 a file that is missing, no JSON, or a table without its columns is told by its name', () => {
  const broken = join(folder, 'broken.json');
  writeFileSync(broken, '{"name": ');
  writeFileSync(join(folder, 'table.csv'), 'when,handle\n1,2\n');
  expect(readScenario(join(folder, 'missing.json'))).toMatchObject({
    ok: false,
    problems: [expect.stringMatching(/missing\.json cannot be read: ENOENT/)],
  });
  expect(readScenario(broken)).toMatchObject({ ok: false, problems: [expect.stringMatching(/broken\.json is not JSON: /)] });
  expect(problemsOf(plainScenario({ queue: { arrivals: { recorded: 'table.csv' } } }), folder).join()).toMatch(
    /recorded: the file "table\.csv" .* the first line must name the columns, "at" among them \(found: when, handle\)/,
  );
});

test('BEY-2 what is allowed but hardly meant is said', () => {
  const reading = checkScenario({ ...plainScenario({ queue: { skills: [{ skill: 'latin', level: 3 }] } }) }, folder);
  expect(reading).toMatchObject({ ok: true, warnings: ['queue "calls" needs the skill "latin" at level 3, which none of its agents has'] });
});

test('BEY-2 the example scenarios are in order', () => {
  const reading = readScenario(join(import.meta.dirname, '../../loadtest/scenarios/salesDay.json'));
  expect(reading).toMatchObject({ ok: true, warnings: [] });
});
