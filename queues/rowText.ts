/**
 * The row of an interaction as one text: what scripts answer with, and what stands beside an offer's entry in the log, so that who shows the offer need
 * not read it. Pure.
 */
import type { InteractionView } from '../src/protocol/views.ts';
import { toInteraction } from './replies.ts';

/** Fields of the hash `i:<id>`, in the order of `VIEW` in `scripts/lib/lifecycle.lua`. */
const OFFERED = [
  ...[
    'acc',
    'q',
    'g',
    'st',
    'ch',
    'pri',
    'need',
    'c',
    'cn',
    'pres',
    'presUntil',
    'parts',
    'created',
    'started',
    'lg',
    'pg',
    'ua',
    'lm',
    'unread',
  ],
  ...['rc', 'rs', 'una', 'off'],
];
const VIEW = [...OFFERED, 'own', 'ownN', 'oa', 'tok', 'due', 'ended', 'endBy', 'closed', 'outcome', 'rating'];
const SEPARATOR = '\x1f';

/** A row in an answer, as a flat list of fields and values. Undefined: another release wrote other fields, or a text in it holds the separator. Then it has to be read. */
export function toFlatRow(text: string): string[] | undefined {
  return flat(VIEW, text);
}

/** The row that an offer's entry brought; undefined: it has to be read. */
export function readRow(id: string, text: string | undefined): InteractionView | undefined {
  return text === undefined ? undefined : toInteraction(id, flat(OFFERED, text));
}

/** Which fields they are says who asks, not how many there are: a client may have written separators. */
function flat(names: readonly string[], text: string): string[] | undefined {
  const values = text.split(SEPARATOR);
  if (values.length !== names.length) return undefined;
  return names.flatMap((name, index) => (values[index] ? [name, values[index]] : []));
}
