/**
 * Stands between one process and a server of its (Redis, PostgreSQL) and strikes the process at a named moment of a request: before the server
 * has seen it, when it was carried out and the answer is not there, or when the answer is there and nothing was done with it yet. Created by `killStorm`.
 */
import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net';

export const MOMENTS = ['before the server has it', 'before the answer', 'before the effect'] as const;
export type Moment = (typeof MOMENTS)[number];

/** The process. `stop` freezes it at once; `strike` is what is done to it, if that is more. */
export interface Victim {
  stop(): void;
  strike(): void;
}

export interface FaultProxy {
  readonly url: string;
  /** Waits for the `count`-th request from now on and strikes then. Resolves when that is done. */
  strikeAt(moment: Moment, count: number, victim: Victim): Promise<void>;
  /** Strikes no more, unless the request came already. @return whether it had not come */
  disarm(): boolean;
  /** Lets go what was held back: it arrives late. */
  release(): void;
  close(): Promise<void>;
}

interface Armed {
  readonly moment: Moment;
  left: number;
  readonly victim: Victim;
  readonly onDone: () => void;
}

/** `mark`: what the requests meant have in them. */
export async function startFaultProxy(targetUrl: string, mark: RegExp): Promise<FaultProxy> {
  const target = new URL(targetUrl);
  const sockets = new Set<Socket>();
  let armed: Armed | undefined;
  let held: (() => void)[] = [];

  function join(client: Socket): void {
    const server = dial(Number(target.port), target.hostname);
    /** Struck when the answer to the request on this connection comes. */
    let awaited: Armed | undefined;
    const end = (): void => {
      // No answer comes here any more: the next request on another connection is struck.
      if (awaited) armed ??= { ...awaited, left: 1 };
      awaited = undefined;
      for (const socket of [client, server]) {
        socket.destroy();
        sockets.delete(socket);
      }
    };
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on('error', end);
      socket.on('close', end);
    }
    client.on('data', (chunk) => {
      if (armed && mark.test(chunk.toString('latin1')) && --armed.left <= 0) {
        const due = armed;
        armed = undefined;
        if (due.moment === 'before the server has it') {
          due.victim.stop();
          held.push(() => server.write(chunk));
          due.victim.strike();
          due.onDone();
          return;
        }
        awaited = due;
      }
      server.write(chunk);
    });
    server.on('data', (chunk) => {
      const due = awaited;
      awaited = undefined;
      if (!due) {
        client.write(chunk);
        return;
      }
      due.victim.stop();
      if (due.moment === 'before the answer') held.push(() => client.write(chunk));
      // The answer lies in the stopped process's socket.
      else client.write(chunk);
      due.victim.strike();
      due.onDone();
    });
  }

  const listener = createServer(join);
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const url = new URL(targetUrl);
  url.port = String((listener.address() as AddressInfo).port);
  return {
    url: url.toString(),
    strikeAt: (moment, count, victim) =>
      new Promise((resolve) => {
        armed = { moment, left: count, victim, onDone: resolve };
      }),
    disarm() {
      const wasWaiting = armed !== undefined;
      armed = undefined;
      return wasWaiting;
    },
    release() {
      for (const go of held) go();
      held = [];
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => listener.close(() => resolve()));
    },
  };
}
