/** Free TCP ports: drawn by chance, tried for being free. */
import { createServer } from 'node:net';

/**
 * Below the ports that kernels give to outgoing connections: one of those may be taken again between being tried and being listened on,
 * and again at every later start on it. Above the usual servers', apart from RTP_PORTS.
 */
const DRAWN_FROM = { low: 10_000, high: 19_999 } as const;
const DRAWS = 200;

/** A TCP port on 127.0.0.1 that nobody listens on at the moment. */
export async function freePort(): Promise<number> {
  const { low, high } = DRAWN_FROM;
  for (let draw = 0; draw < DRAWS; draw++) {
    const port = low + Math.floor(Math.random() * (high - low + 1));
    if ((await portTrouble(port, '127.0.0.1')) === undefined) return port;
  }
  throw new Error(`${DRAWS} ports between ${low} and ${high} were tried, and all are taken`);
}

/** Why a port cannot be listened on (`EADDRINUSE`, `EACCES` …), or undefined when it can. */
export async function portTrouble(port: number, host: string): Promise<string | undefined> {
  try {
    const server = await listen(port, host);
    await new Promise((resolve) => server.close(resolve));
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

function listen(port: number, host: string): Promise<ReturnType<typeof createServer>> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, exclusive: true }, () => resolve(server));
  });
}
