/** What people and programs may tell an agent to do (RTE-4, RTE-7, RTE-8, ACC-5), as the API takes and shows it. */
import { z } from 'zod';
import { key, queueId } from '../protocol/common.ts';
import { agentView, interactionView, offerView } from '../protocol/views.ts';

const commandKey = key.optional().describe('Once per intent: the same key again changes nothing more. Or send Idempotency-Key');
const queues = z.array(queueId).min(1).max(200).optional();

export const stateBody = z
  .strictObject({ queues: queues.describe('Absent: all that the agent is assigned to, or signed in to'), key: commandKey })
  .default({});
export const pauseBody = z
  .strictObject({
    queues: queues.describe('Absent: the agent pauses altogether'),
    reason: z.string().trim().max(255).optional().describe('Id or name of a pause reason; required while any is switched on'),
    key: commandKey,
  })
  .default({});
export const extendBody = z.strictObject({ bySec: z.number().int().min(10).max(600), key: commandKey });

export const agentAnswer = z.object({ agent: agentView });
/** What an agent has on the desk now. */
export const agentWork = z.object({ agent: agentView, offers: z.array(offerView), interactions: z.array(interactionView) });
/** A queue that an agent may sign in to. */
export const servableQueue = z.object({
  id: z.string(),
  name: z.string(),
  channel: z.enum(['chat', 'voice']),
  isAssigned: z.boolean(),
});
