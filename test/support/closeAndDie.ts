/**
 * A process that closes a conversation and kills itself (SIGKILL) the moment it has the answer: what it would have done next never happens.
 * Started by tests with what to close as JSON.
 */
import { createEngine, type Scope } from '../../queues/index.ts';
import type { InteractionId, UserId } from '../../src/base/ids.ts';
import { newId } from '../../src/base/ids.ts';
import { createLogger } from '../../src/base/log.ts';

interface Closing {
  readonly redisUrl: string;
  readonly scope: Scope;
  readonly interactionId: InteractionId;
  readonly agentId: UserId;
}

const { redisUrl, scope, interactionId, agentId } = JSON.parse(process.argv[2] ?? '{}') as Closing;
const engine = await createEngine({ redisUrl, nodeId: `dying-${process.pid}`, log: createLogger('test', 'silent') });
const close = { interactionId, agentId, outcome: '', note: '', key: newId('command'), isSupervisor: false };
const closed = await engine.router.closeInteraction(scope, close);
if (!closed.ok) throw new Error(closed.code);
process.kill(process.pid, 'SIGKILL');
