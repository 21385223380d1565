/** What a refused request means, in words. Errors of single fields stand at the fields; this is what is left to say. */
import type { Problem } from '../desk/api.ts';
import { type AdminKey, t } from './texts.ts';

const TEXTS: Readonly<Record<string, AdminKey>> = {
  offline: 'problem.offline',
  unavailable: 'problem.unavailable',
  forbidden: 'problem.forbidden',
  not_found: 'problem.notFound',
  rate_limited: 'problem.limited',
  internal: 'problem.internal',
  invalid: 'problem.invalid',
  conflict: 'problem.conflict',
};

/** Of these the detail is for programs. */
const SAYS_ALL: ReadonlySet<string> = new Set(['internal', 'invalid', 'not_found']);

/** Our words for the kind of problem, then the server's for the case at hand. */
export function problemText(problem: Problem): string {
  const known = TEXTS[problem.code];
  const words = known ? t(known) : problem.message;
  const isDetailTold = problem.detail !== '' && problem.detail !== words && !SAYS_ALL.has(problem.code);
  if (!isDetailTold) return words;
  return known ? `${words} ${problem.detail}` : problem.detail;
}

/** Rules of configuration whose English words stand in the answer; what is not among them is shown as the server says it. */
const FIELD_TEXTS: readonly (readonly [RegExp, AdminKey])[] = [
  [/^circular overflow: (?<way>.+)$/, 'wrong.circle'],
  [/^there is no such queue$/, 'wrong.noQueue'],
  [/^there is no such skill$/, 'wrong.noSkill'],
  [/^not ascending/, 'wrong.ascending'],
  [/^name at least one/, 'wrong.noOutcome'],
  [/^not one of the outcomes$/, 'wrong.notOutcome'],
  [/^required, as an outcome is$/, 'wrong.outcomeRequired'],
  [/^Too small.*>=1 characters/, 'wrong.empty'],
];

export function fieldText(message: string): string {
  for (const [pattern, key] of FIELD_TEXTS) {
    const match = pattern.exec(message);
    if (match) return t(key, match.groups ?? {});
  }
  return message;
}
