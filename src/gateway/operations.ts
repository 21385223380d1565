/**
 * What those who run the center ask the gateway (API-4): does it live, can it serve, how is it doing. Answered without Redis or PostgreSQL where
 * the question allows. PostgreSQL away is told and does not make the gateway unready: chat goes on without it.
 */
import { timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Engine } from '../../queues/engine.ts';
import { type Route, type RouteResponse, route } from '../api/route.ts';
import { AppError } from '../base/errors.ts';
import type { VideoState } from '../video/state.ts';
import { isLoopback } from './clientAddress.ts';
import { MARK_HEADER } from './portCheck.ts';

const CHECK_MS = 1_500;

export interface OperationsDeps {
  readonly engine: Pick<Engine, 'ping' | 'fullPartitions'>;
  /** Prometheus text of all processes of the center. */
  readonly metricsText: () => Promise<string>;
  readonly metricsType: string;
  readonly videoState: () => VideoState;
  readonly metricsToken: string | undefined;
  readonly centerMark: string;
  /** Whether the accounts' configuration has reached Redis. */
  readonly isConfigLoaded: () => Promise<boolean>;
  readonly isDatabaseUp: () => Promise<boolean>;
  readonly isDraining: () => boolean;
}

const check = z.object({ isOk: z.boolean(), detail: z.string().optional() });
const readiness = z.object({
  status: z.enum(['ready', 'degraded', 'not_ready']),
  checks: z.object({ redis: check, log: check, config: check, postgres: check, video: check, drain: check }),
});
type Check = z.infer<typeof check>;

const tag = 'Operations';

export function operationsRoutes(deps: OperationsDeps): Route[] {
  return [
    route({
      method: 'GET',
      path: '/health',
      tag,
      action: 'public',
      isBare: true,
      summary: 'The process lives',
      answers: { 200: z.object({ status: z.literal('ok') }) },
      handler: async () => ({ status: 200, headers: { [MARK_HEADER]: deps.centerMark }, body: { status: 'ok' } }),
    }),
    route({
      method: 'GET',
      path: '/ready',
      tag,
      action: 'public',
      isBare: true,
      summary: 'Whether it can serve; "degraded" serves chat without PostgreSQL',
      answers: { 200: readiness, 503: readiness },
      handler: () => ready(deps),
    }),
    route({
      method: 'GET',
      path: '/metrics',
      tag,
      action: 'public',
      isBare: true,
      summary: 'Prometheus metrics of all processes, told apart by the label node; from this machine, or with the metrics token',
      answers: { 200: { contentType: 'text/plain; version=0.0.4', description: 'Prometheus text format' } },
      handler: async (request) => {
        requireReader(deps.metricsToken, request.ip, request.header);
        return { status: 200, headers: { 'content-type': deps.metricsType }, bytes: await deps.metricsText() };
      },
    }),
  ];
}

async function ready(deps: OperationsDeps): Promise<RouteResponse> {
  const [redis, log, config, postgres] = await Promise.all([
    checked(async () => ({ isOk: true, detail: `${(await deps.engine.ping()).toFixed(1)} ms` })),
    checked(async () => {
      const full = await deps.engine.fullPartitions();
      return full.length === 0
        ? { isOk: true }
        : { isOk: false, detail: `New conversations are refused in ${full.length} partitions: the log is over its budget.` };
    }),
    checked(async () =>
      (await deps.isConfigLoaded()) ? { isOk: true } : { isOk: false, detail: 'The configuration has not reached Redis yet.' },
    ),
    checked(async () =>
      (await deps.isDatabaseUp())
        ? { isOk: true }
        : { isOk: false, detail: 'PostgreSQL does not answer; history and administration wait.' },
    ),
  ]);
  const drain: Check = deps.isDraining() ? { isOk: false, detail: 'This process is stopping.' } : { isOk: true };
  const state = deps.videoState();
  const video: Check = { isOk: state === 'ready', detail: state };
  const canServe = [redis, log, config, drain].every(({ isOk }) => isOk);
  const status = !canServe ? 'not_ready' : postgres.isOk ? 'ready' : 'degraded';
  return { status: canServe ? 200 : 503, body: { status, checks: { redis, log, config, postgres, video, drain } } };
}

/** A check that fails or hangs is a check that says no. */
async function checked(run: () => Promise<Check>): Promise<Check> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Check>((resolve) => {
    timer = setTimeout(() => resolve({ isOk: false, detail: `No answer within ${CHECK_MS} ms.` }), CHECK_MS);
  });
  const answer = run().catch(
    (error: unknown): Check => ({ isOk: false, detail: error instanceof AppError ? error.message : 'The check failed.' }),
  );
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}

/** With a token: whoever sends it. Without: this machine, and not through a proxy that stands on it. @throws AppError unauthenticated, forbidden */
function requireReader(token: string | undefined, ip: string, header: (name: string) => string | undefined): void {
  if (token === undefined) {
    if (!isLoopback(ip) || header('x-forwarded-for') !== undefined || header('forwarded') !== undefined) {
      throw new AppError('forbidden', { detail: 'Only from this machine; or set METRICS_TOKEN and send it as a bearer token.' });
    }
    return;
  }
  const given = Buffer.from(/^Bearer +(\S+)$/i.exec(header('authorization') ?? '')?.[1] ?? '');
  const wanted = Buffer.from(token);
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) throw new AppError('unauthenticated');
}
