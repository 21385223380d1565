/**
 * The row of an interaction that is offered stands beside the offer's entry in the log, so that who shows the offer need not read it. Pure.
 */
import type { InteractionView } from '../src/protocol/views.ts';
import { toInteraction } from './replies.ts';

/** Fields of the hash `i:<id>`, in the order of `SHOWN` in `scripts/lib/lifecycle.lua`. */
const SHOWN = [
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
const SEPARATOR = '\x1f';

/** Undefined: there is none, another release wrote other fields, or a text in it holds the separator. Then it has to be read. */
export function readOfferedRow(id: string, text: string | undefined): InteractionView | undefined {
  const values = text?.split(SEPARATOR) ?? [];
  if (values.length !== SHOWN.length) return undefined;
  return toInteraction(
    id,
    SHOWN.flatMap((name, index) => (values[index] === '' ? [] : [name, values[index]])),
  );
}
