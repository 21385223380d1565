/** Which queues a principal may see. Pure. */
import type { Principal } from '../auth/can.ts';

/** Undefined: all of the account. */
export function visibleQueues(principal: Principal): readonly string[] | undefined {
  switch (principal.kind) {
    case 'user':
      return principal.role === 'member' ? [...principal.supervises, ...principal.serves] : undefined;
    case 'key':
      return undefined;
    default:
      return [];
  }
}

/** As `visibleQueues`, with those signed in to for a time (ACC-5): for what is live, not for what was. */
export function liveQueues(principal: Principal): readonly string[] | undefined {
  const visible = visibleQueues(principal);
  return principal.kind === 'user' && visible ? [...visible, ...(principal.visits ?? [])] : visible;
}

/** As `visibleQueues`, but only those the principal supervises. */
export function supervisedQueues(principal: Principal): readonly string[] | undefined {
  return principal.kind === 'user' && principal.role === 'member' ? principal.supervises : visibleQueues(principal);
}
