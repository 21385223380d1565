/**
 * The lease of this node lapsed while it was carrying calls: Redis was away for longer, or this process stood still. Talk went on without either. What another node took
 * meanwhile is that one's, and let go of here; with the rest we say again that the caller is there, before its reconnect window ends, and go on.
 */
import type { Call } from '../flows/call.ts';
import type { Switchboard } from '../flows/switchboard.ts';

export async function keepCalls(board: Switchboard, calls: readonly Call[]): Promise<void> {
  let own: ReadonlySet<string> = new Set();
  await board.owe('own calls', async () => {
    own = await board.engine.phones.ownCalls();
  });
  // What was not saved yet, nobody can have taken.
  const isOurs = (call: Call): boolean => call.hasCustomer && (own.has(call.id) || !call.isSaved);
  await Promise.all(calls.map((call) => (isOurs(call) ? keep(board, call) : letGo(call, 'lease lost'))));
}

async function keep(board: Switchboard, call: Call): Promise<void> {
  if (call.isOver || call.isOutOfRouting) return;
  const { scope, interaction, contactId, customer } = call;
  let isThere = false;
  await board.owe('attach', async () => {
    const attached = await board.engine.router.attachClient(scope, { interactionId: interaction, contactId, connectionId: customer.id });
    isThere = attached.ok && attached.interaction.state !== 'closed' && attached.interaction.state !== 'ended';
  });
  if (call.isOver || call.isOutOfRouting) return;
  if (!isThere) return letGo(call, 'over in routing');
  board.carry(call);
  call.save();
}

function letGo(call: Call, cause: string): void {
  call.isOutOfRouting = true;
  call.end(cause);
}
