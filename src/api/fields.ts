/** Fields that many resources share, and the check that keeps two editors from overwriting each other. */
import { z } from 'zod';
import { AppError } from '../base/errors.ts';

export const time = z.number().int().describe('Unix milliseconds');
/** A time to look from or up to, in a query. The bound is PostgreSQL's and ours: years of four digits. */
export const moment = z.coerce
  .number()
  .int()
  .min(0)
  .max(Date.UTC(9999, 0, 1))
  .describe('Unix milliseconds');
export const version = z.number().int().min(1).describe('Grows with every change; send back what you saw');
export const seenVersion = version.optional().describe('The version that was edited; or send it as If-Match');
export const displayName = z.string().trim().min(1).max(100);

/** A parameter of a path such as `/users/:id`; a malformed one is simply not found. */
export const idParam = z.object({ id: z.string().max(40) });

/** 204: nothing to say. */
export const noContent = { contentType: '', description: 'Done' } as const;

export function etag(version: number): Record<string, string> {
  return { etag: `"${version}"` };
}

/** The version the caller edited, from the body or `If-Match`. @throws AppError invalid when neither is given */
export function seenVersionOf(request: {
  readonly header: (name: string) => string | undefined;
  readonly body: { readonly version?: number | undefined };
}): number {
  const inHeader = /^(?:W\/)?"?(\d{1,9})"?$/.exec(request.header('if-match') ?? '')?.[1];
  const seen = request.body.version ?? (inHeader === undefined ? undefined : Number(inHeader));
  if (seen !== undefined && inHeader !== undefined && seen !== Number(inHeader))
    throw new AppError('conflict', { detail: 'If-Match and the body name different versions.' });
  if (seen === undefined)
    throw new AppError('invalid', { fields: [{ path: 'version', message: 'send the version you edited, here or as If-Match' }] });
  return seen;
}

/** @throws AppError conflict when it was changed since */
export function requireVersion(current: number, seen: number): void {
  if (current !== seen) throw new AppError('conflict', { detail: `It has version ${current} by now, you edited ${seen}.` });
}
