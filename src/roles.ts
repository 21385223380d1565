/**
 * The roles a process can carry, in the order they start in (and, reversed, close in).
 * Each is loaded only where it runs, so that a gateway never loads mediasoup and a worker no HTTP server.
 */
import { ROLE_NAMES, type RoleName } from '../config/env.ts';
import type { RoleContext, RunningRole, StartRole } from './base/context.ts';

const STARTERS: Readonly<Record<RoleName, StartRole>> = {
  redis: async (context) => (await import('./supervisor/embedded.ts')).startRedis(context),
  postgres: async (context) => (await import('./supervisor/embedded.ts')).startPostgres(context),
  worker: async (context) => (await import('./worker/role.ts')).startWorker(context),
  edge: async (context) => (await import('../sip/edge/role.ts')).startEdge(context),
  gateway: async (context) => (await import('./gateway/role.ts')).startGateway(context),
  rtp: async (context) => (await import('../sip/rtp/role.ts')).startRtp(context),
  sip: async (context) => (await import('../sip/role.ts')).startSip(context),
  sfu: async (context) => (await import('./video/role.ts')).startVideo(context),
};

const START_ORDER: readonly RoleName[] = ['redis', 'postgres', 'worker', 'edge', 'rtp', 'sip', 'gateway', 'sfu'];

/** The roles that ROLES means: "all" is every one, less embedded servers (SIP edge included) for which an address is given. */
export function rolesToRun({ ROLES, REDIS_URL, DATABASE_URL, DRACHTIO_HOST }: RoleContext['env']): RoleName[] {
  const named = ROLES.includes('all')
    ? ROLE_NAMES.filter(
        (role) => !(role === 'redis' && REDIS_URL) && !(role === 'postgres' && DATABASE_URL) && !(role === 'edge' && DRACHTIO_HOST),
      )
    : ROLES;
  return START_ORDER.filter((role) => named.includes(role));
}

/**
 * Starts the roles one after the other in this process. When one fails, those already started are closed again.
 * The returned `close` goes through them in reverse order and tells which of them failed to close.
 */
export async function startRoles(roles: readonly RoleName[], context: RoleContext): Promise<RunningRole> {
  const running: { role: RoleName; handle: RunningRole }[] = [];
  const close = async (reason: string): Promise<void> => {
    for (const { role, handle } of running.splice(0).reverse()) {
      try {
        await handle.close(reason);
      } catch (error) {
        context.log.error({ role, err: error }, 'role did not close cleanly');
      }
    }
  };
  let env = context.env;
  try {
    for (const role of roles) {
      // Each role has an engine of its own, and a lease is held by one engine.
      const nodeId = roles.length === 1 ? context.nodeId : `${context.nodeId}-${role}`;
      const handle = await STARTERS[role]({ ...context, nodeId, env, log: context.log.child({ role }) });
      running.push({ role, handle });
      env = { ...env, ...handle.provides };
    }
  } catch (error) {
    await close('start failed');
    throw error;
  }
  return { close };
}
