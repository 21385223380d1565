/** RTE-7: a reason for pausing as the API shows and takes it. While any is switched on, a pause needs one of those that are. */
import type { Selectable } from 'kysely';
import { z } from 'zod';
import { seenVersion, time, version } from '../api/fields.ts';
import type { PauseReasonTable } from '../db/tables.ts';

export const REASONS_PER_ACCOUNT = 200;
/** What every account begins with; people rename them. Migration 0003 gives the same to accounts that were there before. */
export const DEFAULT_REASONS = ['Break', 'Lunch', 'Meeting', 'Training', 'Other work'] as const;

const settings = z.object({
  name: z
    .string()
    .trim()
    .min(1)
    .max(255)
    .regex(/^[\p{Script=Latin}\p{M}\d\p{P}\p{S} ]+$/u, 'Latin letters, digits, spaces, dots and other signs')
    .describe('Unique in the account, regardless of case'),
  isEnabled: z.boolean().describe('Off: not offered to agents'),
  position: z.number().int().min(0).max(10_000).describe('Place in the list, lowest first'),
});

export const pauseReasonBody = z.strictObject(settings.shape).partial().required({ name: true });
export const pauseReasonChange = z.strictObject(settings.shape).partial().extend({ version: seenVersion });
export const pauseReasonView = settings.extend({ id: z.string(), version, createdAt: time });

export function toPauseReasonView(row: Selectable<PauseReasonTable>): z.infer<typeof pauseReasonView> {
  return {
    id: row.id,
    name: row.name,
    isEnabled: row.is_enabled,
    position: row.position,
    version: row.version,
    createdAt: row.created_at.getTime(),
  };
}
