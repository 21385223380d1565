/**
 * Whether this gateway may listen on the port. Sharing ports (SO_REUSEPORT) would let two centers take each other's connections without a word,
 * so a port that is in use is shared only if the /health behind it tells the mark of our own center.
 */
import { createHash } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { createServer } from 'node:net';

const TRY_MS = 4_000;
const PROBE_MS = 1_000;
const PAUSE_MS = 100;
export const MARK_HEADER = 'x-center';

/** The port belongs to another program. The message says how to mend it. */
export class PortTakenError extends Error {
  override name = 'PortTakenError';
}

export interface PortWish {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  readonly centerMark: string;
}

/** Tells centers apart without telling anything of their key. */
export function centerMarkOf(secretKey: string): string {
  return createHash('sha256').update(`center:${secretKey}`).digest('base64url').slice(0, 16);
}

/** Resolves when the port is free or ours. @throws PortTakenError */
export async function requirePort(wish: PortWish): Promise<void> {
  // Gateways that start together hold the port for a moment while they look, and one that was stopped does not answer: look again.
  for (const until = performance.now() + TRY_MS; ; ) {
    if (await isFree(wish)) return;
    const mark = await probe(wish);
    if (mark === wish.centerMark) return;
    if (performance.now() > until || (mark !== undefined && mark !== '')) {
      throw new PortTakenError(`HTTP_PORT ${wish.port} is taken by another program. Stop it, or set HTTP_PORT to a free port.`);
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

function isFree({ host, port }: PortWish): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(new Error(`HTTP_PORT ${port} on ${host}: ${error.message}`, { cause: error }));
    });
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** The mark that /health tells; '' when something else answers; undefined when nothing does. */
function probe({ host, port, isTls }: PortWish): Promise<string | undefined> {
  return new Promise((resolve) => {
    const to = {
      host: host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host,
      port,
      path: '/health',
      timeout: PROBE_MS,
      rejectUnauthorized: false,
    };
    const asked = (isTls ? httpsRequest : httpRequest)(to, (answer) => {
      answer.resume();
      resolve(String(answer.headers[MARK_HEADER] ?? ''));
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve(undefined));
    asked.end();
  });
}
