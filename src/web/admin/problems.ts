/** What a refused request means, in words. Errors of single fields stand at the fields; this is what is left to say. */
import type { Problem } from '../desk/api.ts';
import { type AdminKey, t } from './texts.ts';

const TEXTS: Readonly<Record<string, AdminKey>> = {
  offline: 'problem.offline',
  unavailable: 'problem.unavailable',
  no_room: 'problem.noRoom',
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
  const own = ownWords(DETAILS, problem.detail);
  if (own) return own;
  const known = TEXTS[problem.code];
  const words = known ? t(known) : problem.message;
  const isDetailTold = problem.detail !== '' && problem.detail !== words && !SAYS_ALL.has(problem.code);
  if (!isDetailTold) return words;
  return known ? `${words} ${problem.detail}` : problem.detail;
}

/** Cases of which the kind of problem says too little, or something else. */
const DETAILS: readonly (readonly [RegExp, AdminKey])[] = [
  [/^It has version/, 'problem.conflict'],
  [/^The account has this number already/, 'wrong.ownNumber'],
  [/^Another account has this number/, 'wrong.othersNumber'],
  [/^This user name is taken/, 'wrong.username'],
  [/^Queues play this sound: (?<queues>.+)\.$/, 'wrong.soundPlays'],
  [/^Numbers lead to this queue: (?<numbers>.+)\.$/, 'wrong.numbersLead'],
  [/^A person has at most (?<most>\d+) phones/, 'wrong.phonesMost'],
];

/** Rules of configuration whose English words stand in the answer; what is not among them is shown as the server says it. */
const FIELD_TEXTS: readonly (readonly [RegExp, AdminKey])[] = [
  [/^circular overflow: (?<way>.+)$/, 'wrong.circle'],
  [/^there is no such queue$/, 'wrong.noQueue'],
  [/^there is no such skill$/, 'wrong.noSkill'],
  [/^not ascending/, 'wrong.ascending'],
  [/^name at least one address/, 'wrong.noAddress'],
  [/^name at least one/, 'wrong.noOutcome'],
  [/^a number of the world with \+/, 'wrong.number'],
  [/^calls wait in voice queues only|^there is no such voice queue/, 'wrong.noVoiceQueue'],
  [/^the number to call$/, 'wrong.noNumber'],
  [/^an IP address, or a prefix/, 'wrong.address'],
  [/^a host name or an IP address/, 'wrong.host'],
  [/^where calls out go$/, 'wrong.noHost'],
  [/^where we sign in$/, 'wrong.noProviderHost'],
  [/^what we sign in with$/, 'wrong.noSecret'],
  [/^there is no such sound$/, 'wrong.noSound'],
  [/^not one of the outcomes$/, 'wrong.notOutcome'],
  [/^required, as an outcome is$/, 'wrong.outcomeRequired'],
  [/^Too small.*>=1 characters/, 'wrong.empty'],
];

/** Why a sound cannot be used (`sip/rtp/wav.ts`). */
const SOUND_TEXTS: readonly (readonly [RegExp, AdminKey])[] = [
  [/^The file is larger than (?<most>\d+) MB/, 'sound.large'],
  [/^The sampling rate is (?<rate>\d+) Hz/, 'sound.rate'],
  [/^The file has (?<count>\d+) channels/, 'sound.channels'],
  [/^The sound is longer than (?<most>\d+) minutes/, 'sound.long'],
  [/^The sound is shorter/, 'sound.short'],
  [/^This is not a WAV file/, 'sound.noWav'],
  [/^The WAV file (has its sound before|holds no|has a broken)/, 'sound.broken'],
  [/^The WAV file is compressed|^Samples of \d+ bits/, 'sound.compressed'],
];

export function soundText(detail: string): string {
  return ownWords(SOUND_TEXTS, detail) ?? detail;
}

export function fieldText(message: string): string {
  return ownWords(FIELD_TEXTS, message) ?? message;
}

function ownWords(texts: readonly (readonly [RegExp, AdminKey])[], message: string): string | undefined {
  for (const [pattern, key] of texts) {
    const match = pattern.exec(message);
    if (match) return t(key, match.groups ?? {});
  }
  return undefined;
}
