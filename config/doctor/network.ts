/**
 * The doctor on the network: ports, HTTPS, the proxy in front.
 * A port on which our own gateway answers counts as fine: the doctor may run beside a running server.
 */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import type { Env } from '../env.ts';
import { configuredUrl } from '../publicUrl.ts';
import { broken, type Finding, ok, warning } from './finding.ts';

const TIMEOUT_MS = 3_000;

export async function checkNetwork(env: Env): Promise<Finding[]> {
  const isRunning = await isOurGateway(env);
  const findings = await Promise.all([
    checkHttpPort(env, isRunning),
    checkMediaPorts(env, isRunning),
    checkSipPorts(env, isRunning),
    checkProxy(env, isRunning),
  ]);
  return [...findings.flat(), checkHttps(env)];
}

const baseUrl = ({ TLS_CERT, HTTP_PORT }: Env): string => `${TLS_CERT ? 'https' : 'http'}://127.0.0.1:${HTTP_PORT}`;

async function isOurGateway(env: Env): Promise<boolean> {
  try {
    const response = await fetch(`${baseUrl(env)}/health`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    return response.ok;
  } catch (error) {
    // A certificate for another name than 127.0.0.1 still means that a server answers.
    const cause = (error as { cause?: { code?: string } }).cause?.code ?? '';
    return cause.startsWith('ERR_TLS') || cause.includes('CERT');
  }
}

async function checkHttpPort({ HTTP_PORT, HTTP_HOST }: Env, isRunning: boolean): Promise<Finding> {
  const subject = `HTTP port ${HTTP_PORT}`;
  if (isRunning) return ok(subject, 'a server answers');
  const trouble = await tcpTrouble(HTTP_PORT, HTTP_HOST);
  if (!trouble) return ok(subject, 'free');
  if (trouble === 'EADDRINUSE') return broken(subject, 'taken by another program', 'stop that program, or set HTTP_PORT to a free port');
  if (trouble === 'EACCES') return broken(subject, 'this user may not listen there', 'set HTTP_PORT above 1023 and put a proxy in front');
  return broken(subject, `cannot be listened on (${trouble})`, 'check HTTP_HOST: it must be an address of this machine, 0.0.0.0 or ::');
}

async function checkMediaPorts({ RTC_PORT, RTP_PORTS }: Env, isRunning: boolean): Promise<Finding> {
  const ports = Array.from({ length: availableParallelism() }, (_, index) => RTC_PORT + index);
  const subject = `media ports ${ports[0]}–${ports.at(-1)} (UDP and TCP)`;
  if (RTC_PORT === 0)
    return warning('media ports', 'RTC_PORT is 0: chosen anew at every start', 'set RTC_PORT so that a firewall can let it through');
  const last = RTC_PORT + ports.length - 1;
  if (RTC_PORT <= RTP_PORTS.high && last >= RTP_PORTS.low)
    return broken(subject, `among those of phones (RTP_PORTS ${RTP_PORTS.low}–${RTP_PORTS.high})`, 'set RTC_PORT or RTP_PORTS apart');
  if (isRunning) return ok(subject, 'in use by the running server; a firewall must let them through');
  const troubles = await Promise.all(ports.map(async (port) => (await udpTrouble(port)) ?? (await tcpTrouble(port, '0.0.0.0'))));
  const taken = ports.filter((_, index) => troubles[index]);
  if (taken.length === 0) return ok(subject, 'free; a firewall must let them through');
  return broken(subject, `${taken.join(', ')} taken by another program`, 'set RTC_PORT to the first of a free range, one port per core');
}

async function checkSipPorts(
  { DRACHTIO_HOST, SIP_HOST, SIP_PORT, SIP_TLS_PORT, SIP_WS_PORT, TLS_CERT }: Env,
  isRunning: boolean,
): Promise<Finding> {
  if (DRACHTIO_HOST !== undefined) return ok('SIP ports', 'a drachtio-server is used, no SIP port is opened here');
  const ports = [
    { setting: 'SIP_PORT', port: SIP_PORT, isUdp: true },
    ...(TLS_CERT ? [{ setting: 'SIP_TLS_PORT', port: SIP_TLS_PORT, isUdp: false }] : []),
    { setting: 'SIP_WS_PORT', port: SIP_WS_PORT, isUdp: false },
  ];
  const subject = `SIP ports ${ports.map(({ port }) => port).join(', ')}`;
  if (SIP_PORT === 0)
    return warning('SIP ports', 'SIP_PORT is 0: chosen anew at every start', 'set SIP_PORT so that phones and trunks find it');
  if (isRunning) return ok(subject, 'in use by the running server; a firewall must let them through');
  const troubles = await Promise.all(
    ports.map(async ({ port, isUdp }) => (isUdp ? await udpTrouble(port) : undefined) ?? (await tcpTrouble(port, SIP_HOST))),
  );
  const taken = ports.filter((_, index) => troubles[index]);
  if (taken.length === 0) return ok(subject, 'free (SIP_PORT by UDP and TCP); a firewall must let them through');
  const settings = taken.map(({ setting }) => setting).join(', ');
  return broken(
    subject,
    `${taken.map(({ port }) => port).join(', ')} taken by another program`,
    `set ${settings} to free ports, or stop that program`,
  );
}

function checkHttps({ TLS_CERT, TRUST_PROXY, PUBLIC_HOST }: Env): Finding {
  const subject = 'HTTPS';
  if (TLS_CERT) return ok(subject, 'served here');
  if (TRUST_PROXY) return ok(subject, 'left to the proxy in front (TRUST_PROXY)');
  const local = ['', 'localhost', '127.0.0.1', '::1'].includes(PUBLIC_HOST);
  const text = 'plain HTTP: browsers give camera and microphone on localhost only';
  const remedy = 'set TLS_CERT and TLS_KEY, or put a proxy with HTTPS in front and set TRUST_PROXY=1';
  return local ? warning(subject, text, remedy) : broken(subject, text, remedy);
}

/** Behind a proxy that does not tell the client's address everybody shares one, and with it one rate limit. */
async function checkProxy(env: Env, isRunning: boolean): Promise<Finding[]> {
  const subject = 'proxy';
  if (!env.TRUST_PROXY) return [ok(subject, 'X-Forwarded-For is not trusted; right without a proxy')];
  const exposed = env.HTTP_HOST === '0.0.0.0' || env.HTTP_HOST === '::';
  const open = exposed
    ? warning(
        subject,
        `X-Forwarded-For is trusted while every address of this machine is listened on`,
        'set HTTP_HOST=127.0.0.1, or let a firewall admit only the proxy',
      )
    : ok(subject, 'X-Forwarded-For is trusted from those who reach HTTP_HOST');
  if (!isRunning || !env.PUBLIC_HOST) return [open];
  return [open, await askThroughProxy(configuredUrl(env))];
}

async function askThroughProxy(url: string): Promise<Finding> {
  const subject = `proxy at ${url}`;
  try {
    const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (response.ok) return ok(subject, 'passes requests on to a server');
    return broken(subject, `answers ${response.status}`, 'let it pass all paths, and upgrades to WebSocket, to HTTP_PORT');
  } catch (error) {
    const cause = (error as { cause?: { code?: string } }).cause?.code ?? (error as Error).name;
    return broken(subject, `does not answer (${cause})`, 'start it, and check that its certificate is for this name');
  }
}

function tcpTrouble(port: number, host: string): Promise<string | undefined> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

function udpTrouble(port: number): Promise<string | undefined> {
  const socket = createSocket('udp4');
  return new Promise((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.bind(port, () => socket.close(() => resolve(undefined)));
  });
}
