/** Ids of a simulation: well formed, growing, and the same in every run. */
import type { Id, IdKind } from '../../src/base/ids.ts';

const PREFIX = { account: 'acc', user: 'usr', queue: 'que', group: 'grp', interaction: 'int', contact: 'con' } as const satisfies Partial<
  Record<IdKind, string>
>;
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

export function simulatedId<Kind extends keyof typeof PREFIX>(kind: Kind, number: number): Id<Kind> {
  let text = '';
  for (let rest = number, digit = 0; digit < 26; digit++) {
    text = ALPHABET[rest % 32] + text;
    rest = Math.floor(rest / 32);
  }
  return `${PREFIX[kind]}_${text}` as Id<Kind>;
}

/** The number that `simulatedId` was given. */
export function numberOf(id: string): number {
  let number = 0;
  for (const digit of id.slice(4)) number = number * 32 + ALPHABET.indexOf(digit);
  return number;
}
