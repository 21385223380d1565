/** VOX-1: a number or extension as the API shows and takes it. */
import type { Selectable } from 'kysely';
import { z } from 'zod';
import { seenVersion, time, version } from '../api/fields.ts';
import type { NumberTable } from '../db/tables.ts';

/** `+39 (02) 123-456` and `0039…` are one number: what a person would write between digits is dropped. */
export const dialled = z
  .string()
  .max(64)
  .transform((text) => text.replace(/[\s().\-/]/g, '').replace(/^00(?=[1-9])/, '+'))
  .pipe(z.string().regex(/^(\+[1-9][0-9]{4,14}|[0-9*#]{1,32})$/, 'a number of the world with +, or an extension of digits, * and #'));

const settings = z.object({
  number: dialled,
  label: z.string().trim().max(100),
  queueId: z.string().max(40).describe('The queue that who calls it reaches'),
  isActive: z.boolean(),
});
export const numberBody = z.strictObject(settings.shape).partial().required({ number: true, queueId: true });
export const numberChange = z.strictObject(settings.shape).partial().extend({ version: seenVersion });
export const numberView = z.object({
  id: z.string(),
  number: z.string(),
  label: z.string(),
  queueId: z.string(),
  queueName: z.string(),
  isActive: z.boolean(),
  version,
  createdAt: time,
});

export function toNumberView(row: Selectable<NumberTable> & { queue_name: string }): z.infer<typeof numberView> {
  return {
    id: row.id,
    number: row.number,
    label: row.label,
    queueId: row.queue_id,
    queueName: row.queue_name,
    isActive: row.is_active,
    version: row.version,
    createdAt: row.created_at.getTime(),
  };
}
