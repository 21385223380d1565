/** Interactions that come by API, and what may be asked of and told to those that wait or are offered (RTE-1, RTE-3, RTE-9). */
import { z } from 'zod';
import { medium, skillNeed } from '../../queues/config.ts';
import { displayName } from '../api/fields.ts';
import { groupId, key, MESSAGE_MAX_CHARS, queueId } from '../protocol/common.ts';

const PRIORITY_MAX = 1_000;
const needs = z.array(z.strictObject(skillNeed.shape)).max(5).default([]);
const priority = z.number().int().min(0).max(PRIORITY_MAX).describe('Added to the queue’s own (RTE-1)');

export const newInteractionBody = z.strictObject({
  queueId,
  /** The same key by the same caller gives the same interaction. */
  key: key.describe('Chosen by the caller, once per interaction'),
  contact: z.strictObject({
    name: displayName,
    email: z.email().max(200).optional(),
    id: z
      .string()
      .trim()
      .min(1)
      .max(100)
      .optional()
      .describe('The contact (con_…), or your own reference for the person; absent: a new contact'),
  }),
  medium: medium.optional().describe('By default the queue’s'),
  text: z.string().min(1).max(MESSAGE_MAX_CHARS).optional().describe('First message of the contact'),
  language: z.string().max(20).default(''),
  groupId: groupId.optional(),
  required: needs.describe('Skills needed besides those that the queue asks for (RTE-3)'),
  preferred: needs,
  priority: priority.default(0),
});
export const placeView = z.object({
  position: z.number().int().describe('1: the next of those that wait in the queue'),
  estimatedWaitMs: z.number().optional().describe('Absent: nothing is known to go by'),
});
export const priorityBody = z.strictObject({ priority });

const commandKey = key.optional().describe('Once per intent. Or send Idempotency-Key');
export const acceptBody = z.strictObject({ token: z.string().min(1).max(40).describe('Of the offer') });
export const claimBody = z.strictObject({ key: commandKey }).default({});
export const closeBody = z
  .strictObject({ outcome: z.string().max(100).optional(), note: z.string().max(2_000).optional(), key: commandKey })
  .default({});
