/** Waiting for a Redis or PostgreSQL that is not ours: says once that it waits and why, and goes on trying until stopped. */
import { connect } from 'node:net';
import type { Logger } from '../base/log.ts';

const DEFAULT_PORT: Readonly<Record<string, number>> = { 'redis:': 6379, 'rediss:': 6379, 'postgres:': 5432, 'postgresql:': 5432 };
const LONGEST_WAIT_MS = 5_000;

/** Resolves when the service of this URL takes connections, or when stopped. The URL's password is never logged. */
export async function waitForService(name: string, url: string, log: Logger, signal: AbortSignal): Promise<void> {
  let waitMs = 100;
  let lastTrouble = '';
  while (!signal.aborted) {
    const trouble = await connectTrouble(url, 3_000);
    if (!trouble) return;
    const { host } = new URL(url);
    if (trouble !== lastTrouble) log.error({ service: name, host, reason: trouble }, 'service does not answer, trying again until it does');
    lastTrouble = trouble;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      signal.addEventListener(
        'abort',
        () => {
          clearTimeout(timer);
          resolve();
        },
        { once: true },
      );
    });
    waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
  }
}

/** Resolves when one of them takes connections, or when stopped: the nodes of a cluster stand for each other. */
export async function waitForAny(name: string, urls: readonly string[], log: Logger, signal: AbortSignal): Promise<void> {
  const found = new AbortController();
  await Promise.race(urls.map((url) => waitForService(name, url, log, AbortSignal.any([signal, found.signal]))));
  found.abort();
}

/** Why no TCP connection to the URL's host can be made, or undefined when one can. */
export function connectTrouble(url: string, timeoutMs: number): Promise<string | undefined> {
  const { hostname, port, protocol } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || (DEFAULT_PORT[protocol] ?? 0) });
    const finish = (trouble: string | undefined): void => {
      socket.destroy();
      resolve(trouble);
    };
    socket.setTimeout(timeoutMs, () => finish(`no answer within ${timeoutMs} ms`));
    socket.once('connect', () => finish(undefined));
    socket.once('error', (error: NodeJS.ErrnoException) => finish(error.code ?? error.message));
  });
}
