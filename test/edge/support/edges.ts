/** A running edge for a test: its sockets on loopback, and applications with drachtio-srf on it. Closed with the test that made it. */
import Srf from 'drachtio-srf';
import { onTestFinished } from 'vitest';
import { RFC_TIMERS, systemClock } from '../../../sip/edge/clock.ts';
import { createEdge, type Edge } from '../../../sip/edge/edge.ts';
import type { Names } from '../../../sip/edge/names.ts';
import { THROTTLE_LIMITS } from '../../../sip/edge/throttle.ts';
import type { TlsFiles } from '../../../sip/edge/transportStream.ts';
import { openTransports } from '../../../sip/edge/transports.ts';
import type { Clock, Destination, SipTimers } from '../../../sip/edge/types.ts';
import { createLogger } from '../../../src/base/log.ts';
import { until } from '../../support/services.ts';
import type { TestSrf } from './srf.ts';

export const SECRET = 'the secret of the edge';
export const HOST = '127.0.0.1';

export interface TestEdge extends Edge {
  /** UDP. */
  readonly sipPort: number;
  readonly tcpPort: number;
  readonly wsPort: number;
  /** 0 without `tls`. */
  readonly tlsPort: number;
  /** An application, connected and authenticated. */
  connect(tags?: string[]): Promise<TestSrf>;
  /** Resolves when the edge knows of all that its applications have asked for. */
  settled(): Promise<void>;
}

export interface TestEdgeOptions {
  readonly redirect?: (destination: Destination) => Destination;
  readonly names?: Partial<Names>;
  readonly clock?: Clock;
  readonly timers?: SipTimers;
  readonly secret?: string;
  /** Where its SIP sockets listen; `::` for both families. */
  readonly host?: string;
  readonly tls?: TlsFiles;
}

/** One process holds the edge, the media and all phones here, on a machine that others use too: how late it is says nothing of the edge. */
const throttle = { limits: { ...THROTTLE_LIMITS, lateMs: 60_000 } };

/** For callers that close it themselves. */
export async function openEdge(options: TestEdgeOptions = {}): Promise<TestEdge> {
  const log = createLogger('edge', process.env['EDGE_LOG'] ?? 'silent');
  const { clock = systemClock, timers = RFC_TIMERS, secret = SECRET, redirect, names, host = HOST, tls } = options;
  const ports = { udp: 0, tcp: 0, ws: 0, ...(tls ? { tls: 0 } : {}) };
  const transports = await openTransports({ host, ports, tls, throttle, log });
  const wire = { host: HOST, port: 0, secret };
  const edge = await createEdge({ transports, wire, clock, timers, log, ...(redirect ? { redirect } : {}), ...(names ? { names } : {}) });
  const portOf = (protocol: string): number => transports.listening.find((one) => one.protocol === protocol)?.address.port ?? 0;
  const applications: TestSrf[] = [];
  const connect = async (tags: string[] = []): Promise<TestSrf> => {
    const srf = await connectApplication(edge.wirePort, secret, tags);
    applications.push(srf);
    return srf;
  };
  const asked = (): number =>
    applications.map(({ app }) => app.client).reduce((sum, { verbs, mapServer }) => sum + (mapServer.size > 0 ? verbs.size : 0), 0);
  const settled = async (): Promise<void> => void (await until(() => edge.figures.routes >= asked()));
  // The figures are read anew each time.
  return Object.create(edge, {
    sipPort: { value: portOf('udp') },
    tcpPort: { value: portOf('tcp') },
    wsPort: { value: portOf(tls ? 'wss' : 'ws') },
    tlsPort: { value: portOf('tls') },
    connect: { value: connect },
    settled: { value: settled },
  }) as TestEdge;
}

export async function startTestEdge(options: TestEdgeOptions = {}): Promise<TestEdge> {
  const edge = await openEdge(options);
  onTestFinished(() => edge.close('test over'));
  return edge;
}

/** `tell`: what the edge says of its sockets, `udp/host:port,…`. */
export async function connectApplication(
  port: number,
  secret: string,
  tags: string[],
  tell?: (hostports: string) => void,
): Promise<TestSrf> {
  const srf = tags.length > 0 ? new Srf(tags) : new Srf();
  await new Promise<void>((resolve, reject) => {
    srf.connect({ host: HOST, port, secret });
    srf.on('connect', (error: Error | null, hostports: string) => {
      if (error) return reject(error);
      tell?.(hostports);
      resolve();
    });
    // Without a listener a lost connection would end the test run.
    srf.on('error', () => undefined);
  });
  return srf as unknown as TestSrf;
}

/** Cuts an application's connection, as when its process dies: it does not come again. */
export function kill(srf: TestSrf): void {
  srf.disconnect();
}
