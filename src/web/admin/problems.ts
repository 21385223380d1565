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

/** Our words for the kind of problem, then the server's for the case at hand. */
export function problemText(problem: Problem): string {
  const known = TEXTS[problem.code];
  const words = known ? t(known) : problem.message;
  return problem.detail && problem.detail !== words && problem.code !== 'internal'
    ? known
      ? `${words} ${problem.detail}`
      : problem.detail
    : words;
}
