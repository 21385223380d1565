/**
 * Reads a scenario from its JSON file, with the files it names (recorded traffic, measured durations) put in their place first, and checks that its parts
 * fit together. What is wrong comes as lines for people: where, what was found, what is expected.
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { z } from 'zod';
import { type RecordedRow, readRows } from './recorded.ts';
import { midnightOf, type Scenario, type ScenarioQueue, scenario } from './scenario.ts';
import { timesOf } from './traffic.ts';

export type ScenarioReading =
  | { readonly ok: true; readonly scenario: Scenario; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly problems: readonly string[] };

const MOST_PROBLEMS = 20;

export function readScenario(file: string): ScenarioReading {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    return { ok: false, problems: [`${file} cannot be read: ${(error as Error).message}`] };
  }
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    return { ok: false, problems: [`${file} is not JSON: ${(error as Error).message}`] };
  }
  return checkScenario(raw, dirname(resolve(file)));
}

/** @param folder where the files that the scenario names are looked for */
export function checkScenario(raw: unknown, folder: string): ScenarioReading {
  const problems: string[] = [];
  const whole = withFiles(raw, folder, '', problems);
  if (problems.length > 0) return { ok: false, problems };
  const parsed = scenario.safeParse(whole);
  if (!parsed.success) {
    const lines = parsed.error.issues.flatMap((issue) => issueLines(issue, whole));
    const more = lines.length > MOST_PROBLEMS ? [`… and ${lines.length - MOST_PROBLEMS} more`] : [];
    return { ok: false, problems: [...lines.slice(0, MOST_PROBLEMS), ...more] };
  }
  const misfits = misfitsOf(parsed.data);
  return misfits.length > 0 ? { ok: false, problems: misfits } : { ok: true, scenario: parsed.data, warnings: warningsOf(parsed.data) };
}

/** A copy in which `"recorded": "file"` and `"empirical": "file"` hold what is in the file. */
function withFiles(value: unknown, folder: string, path: string, problems: string[]): unknown {
  if (Array.isArray(value)) return value.map((each, at) => withFiles(each, folder, `${path}[${at}]`, problems));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => {
    const at = path === '' ? key : `${path}.${key}`;
    if ((key !== 'recorded' && key !== 'empirical') || typeof inner !== 'string') return [key, withFiles(inner, folder, at, problems)];
    try {
      const text = readFileSync(resolve(folder, inner), 'utf8');
      return [key, key === 'recorded' ? readRows(text) : numbersOf(text)];
    } catch (error) {
      problems.push(`${at}: the file "${inner}" (looked for in ${folder}) cannot be used: ${(error as Error).message}`);
      return [key, inner];
    }
  });
  return Object.fromEntries(entries);
}

function numbersOf(text: string): number[] {
  return text
    .split(/[\s,;]+/)
    .filter((word) => word !== '')
    .map((word) => {
      const value = Number(word);
      if (Number.isNaN(value)) throw new Error(`"${word}" is not a number of seconds`);
      return value;
    });
}

type Issue = z.core.$ZodIssue;

/** One problem as lines: `queues[0].settings.mode: expected one of …; found "longest-idle"`. */
function issueLines(issue: Issue, root: unknown, base: readonly PropertyKey[] = []): string[] {
  const path = [...base, ...issue.path];
  if (issue.code === 'invalid_union') {
    const found = valueAt(root, path);
    const fitting =
      issue.errors.find((errors) => errors.every((each) => each.path.length > 0)) ??
      (Array.isArray(found) ? issue.errors.at(-1) : undefined);
    if (fitting && fitting.length > 0) return fitting.flatMap((inner) => issueLines(inner as Issue, root, path));
    if ('options' in issue && Array.isArray(issue.options))
      return [`${pathText(path)}: expected one of ${listed(issue.options)}${foundText(found)}`];
    return [
      `${pathText(path)}: ${[...new Set(issue.errors.flat().map((inner) => expectation(inner as Issue)))].join(', or ')}${foundText(found)}`,
    ];
  }
  const found = issue.code === 'unrecognized_keys' ? '' : foundText(valueAt(root, path));
  return [`${pathText(path)}: ${expectation(issue)}${found}`];
}

function expectation(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.message.startsWith('Invalid input') ? `expected ${typeName(issue.expected)}` : issue.message;
    case 'invalid_value':
      return `expected ${issue.values.length > 1 ? 'one of ' : ''}${listed(issue.values)}`;
    case 'unrecognized_keys':
      return `${listed(issue.keys)} ${issue.keys.length > 1 ? 'are' : 'is'} not known here: look for a misspelling`;
    case 'too_small':
      return `expected ${issue.origin === 'array' ? 'a list of ' : ''}${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}${issue.origin === 'string' ? ' characters' : ''}`;
    case 'too_big':
      return `expected ${issue.origin === 'array' ? 'a list of ' : ''}${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}${issue.origin === 'string' ? ' characters' : ''}`;
    case 'invalid_format':
      return issue.format === 'date'
        ? 'expected a date such as "2026-03-02"'
        : issue.format === 'regex'
          ? `expected ${issue.message}`
          : issue.message;
    default:
      return issue.message;
  }
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  int: 'a whole number',
  array: 'a list',
  object: 'an object {…}',
  record: 'an object {…}',
  boolean: 'true or false',
};
const typeName = (expected: string): string => TYPE_NAMES[expected] ?? `a ${expected}`;
const listed = (values: readonly unknown[]): string => values.map((value) => JSON.stringify(value)).join(', ');

function foundText(found: unknown): string {
  if (found === undefined) return '; found nothing';
  const text = JSON.stringify(found);
  return `; found ${text.length > 60 ? `${text.slice(0, 57)}…` : text}`;
}

function pathText(path: readonly PropertyKey[]): string {
  const text = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  return text.replace(/^\./, '') || 'the scenario';
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined),
    root,
  );
}

/** What each part allows but the whole does not. */
function misfitsOf(scenario: Scenario): string[] {
  const { queues, agents, from, to, account } = scenario;
  const problems: string[] = [];
  const ids = queues.map((queue) => queue.id);
  const known = `the queues are ${listed(ids)}`;
  const twice = (kind: string, names: readonly string[]) =>
    names.forEach((name, at) => {
      if (names.indexOf(name) !== at) problems.push(`${kind}[${at}]: "${name}" is there twice; names must differ`);
    });
  twice('queues', ids);
  twice(
    'agents',
    agents.map((group) => group.name),
  );
  if (to <= from) problems.push('to: must lie after "from"; for a period over midnight write hours above 24, e.g. "30:00"');
  queues.forEach((queue, at) => {
    queue.settings.recipe?.forEach((step, index) => {
      if (step.do.op === 'queue' && !ids.includes(step.do.queueId))
        problems.push(`queues[${at}].settings.recipe[${index}].do.queueId: no queue "${step.do.queueId}"; ${known}`);
    });
    const { perHour } = queue.arrivals ?? {};
    if (Array.isArray(perHour))
      perHour.forEach((period, index) => {
        if (period.to <= period.from) problems.push(`queues[${at}].arrivals.perHour[${index}]: "to" must lie after "from"`);
      });
    const { recorded } = queue.arrivals ?? {};
    if (recorded) problems.push(...outsideOf(scenario, queue, recorded).map((problem) => `queues[${at}].arrivals.recorded: ${problem}`));
    if (queue.media && !Object.values(queue.media).some((weight) => weight > 0)) problems.push(`queues[${at}].media: no weight is above 0`);
  });
  agents.forEach((group, at) => {
    const names = { queues: group.queues, signIn: group.signIn ?? [], order: Object.keys(group.order) };
    for (const [field, list] of Object.entries(names))
      for (const name of list) if (!ids.includes(name)) problems.push(`agents[${at}].${field}: no queue "${name}"; ${known}`);
    const foreign = group.signIn?.find((name) => !group.queues.includes(name));
    if (foreign && !account.canSignInAnywhere)
      problems.push(
        `agents[${at}].signIn: "${foreign}" is not among the group's queues: add it there, or set account.canSignInAnywhere to true`,
      );
    group.shifts?.forEach((shift, index) => {
      if (shift.to <= shift.from)
        problems.push(`agents[${at}].shifts[${index}]: "to" must lie after "from"; over midnight: hours above 24`);
      shift.breaks.forEach((pause, place) => {
        if (pause.to <= pause.from || pause.from < shift.from || pause.to > shift.to)
          problems.push(`agents[${at}].shifts[${index}].breaks[${place}]: must lie within the shift, "from" before "to"`);
      });
    });
  });
  return problems;
}

/** Recorded traffic that lies on other days, or is of other queues. */
function outsideOf(scenario: Scenario, queue: ScenarioQueue, rows: readonly RecordedRow[]): string[] {
  const midnight = midnightOf(scenario);
  const times = timesOf(scenario, queue, rows).map(({ at }) => at);
  if (times.length === 0)
    return [
      `none of ${rows.length} rows is of the queue "${queue.name ?? queue.id}"; they name ${listed([...new Set(rows.map((row) => row.queue))])}`,
    ];
  if (times.some((at) => at >= midnight + scenario.from && at < midnight + scenario.to)) return [];
  const [from, to, first] = [midnight + scenario.from, midnight + scenario.to, times.reduce((least, at) => Math.min(least, at))].map((at) =>
    new Date(at).toISOString(),
  );
  return [`none of ${times.length} rows lies between ${from} and ${to}; the first is of ${first}: set "day", "from" and "to" to match`];
}

/** What can be meant, but often is not. */
function warningsOf({ queues, agents }: Scenario): string[] {
  const warnings: string[] = [];
  for (const queue of queues) {
    const serving = agents.filter((group) => (group.signIn ?? group.queues).includes(queue.id));
    if (serving.length === 0) warnings.push(`queue "${queue.id}" has no agents`);
    for (const { skill, level } of [...queue.skills, ...(queue.settings.required ?? [])])
      if (serving.length > 0 && !serving.some((group) => (group.skills[skill] ?? 0) >= level))
        warnings.push(`queue "${queue.id}" needs the skill "${skill}" at level ${level}, which none of its agents has`);
    if (
      !queue.arrivals &&
      !queues.some((other) => other.settings.recipe?.some((step) => step.do.op === 'queue' && step.do.queueId === queue.id))
    )
      warnings.push(`queue "${queue.id}" has no arrivals and no other queue sends to it`);
  }
  return warnings;
}
