/**
 * Cursor pagination (API-1): `?limit&cursor` → `{ items, nextCursor }`. A cursor is the sort key of the last item, opaque to callers,
 * so rows that come or go meanwhile are neither shown twice nor skipped.
 */
import { type ZodType, z } from 'zod';
import { AppError } from '../base/errors.ts';
import { isWellFormed } from './wellFormed.ts';

export const PAGE_MAX = 200;

export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(PAGE_MAX).default(50),
  cursor: z.string().max(1_000).optional().describe('"nextCursor" of the page before'),
});

export interface Page<Item> {
  readonly items: Item[];
  /** Absent on the last page. */
  readonly nextCursor?: string;
}

export function pageAnswer<Item extends ZodType>(item: Item) {
  return z.object({ items: z.array(item), nextCursor: z.string().optional() });
}

/** Cuts what was read with `limit + 1` down to a page. */
export function toPage<Row, Item>(
  rows: readonly Row[],
  limit: number,
  keyOf: (row: Row) => readonly string[],
  toItem: (row: Row) => Item,
): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const items = shown.map(toItem);
  return rows.length > limit && last ? { items, nextCursor: cursorOf(keyOf(last)) } : { items };
}

/** The cursor that stands behind a row with this sort key. */
export function cursorOf(key: readonly string[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

/** The sort key in a cursor, of `parts` texts. @throws AppError invalid when it is not one of ours */
export function readCursor(cursor: string | undefined, parts: number): string[] | undefined {
  if (cursor === undefined) return undefined;
  const key = z
    .array(z.string().refine(isWellFormed))
    .length(parts)
    .safeParse(parseJson(Buffer.from(cursor, 'base64url').toString('utf8')));
  if (!key.success) throw new AppError('invalid', { fields: [{ path: 'cursor', message: 'not a cursor of this list' }] });
  return key.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
