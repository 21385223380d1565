/**
 * Stands between an engine and its Redis and cuts connections by a seeded chance: before a command is passed on (it was never executed),
 * or after it was executed and before its answer comes back (the caller cannot know). Created by tests of the kill points.
 */
import { type AddressInfo, createServer, connect as dial, type Server, type Socket } from 'node:net';

export interface CutProxy {
  readonly url: string;
  /** Cuts made so far, by kind. */
  readonly cuts: { beforeScript: number; beforeReply: number };
  /** Share of commands that are cut, 0 to 1. */
  setChance(share: number): void;
  /** The connections that stand carry nothing any more and are not closed, as when a host vanishes; new ones work. */
  freeze(): void;
  close(): Promise<void>;
}

/** A small seeded generator (mulberry32): numbers in [0, 1). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export async function startCutProxy(targetUrl: string, seed: number): Promise<CutProxy> {
  const target = new URL(targetUrl);
  const random = seeded(seed);
  const cuts = { beforeScript: 0, beforeReply: 0 };
  const sockets = new Set<Socket>();
  const frozen = new WeakSet<Socket>();
  let share = 0;

  function join(client: Socket): void {
    const server = dial(Number(target.port), target.hostname);
    let isReplyCut = false;
    const end = (): void => {
      client.destroy();
      server.destroy();
      sockets.delete(client);
      sockets.delete(server);
    };
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on('error', end);
      socket.on('close', end);
    }
    client.on('data', (chunk) => {
      if (frozen.has(client)) return;
      // Only commands that run scripts are cut: the others (handshake, reads of the tail) reconnect anyway.
      if ((chunk.includes('fcall') || chunk.includes('evalsha')) && random() < share) {
        if (random() < 0.5) {
          cuts.beforeScript++;
          end();
          return;
        }
        cuts.beforeReply++;
        isReplyCut = true;
      }
      server.write(chunk);
    });
    server.on('data', (chunk) => {
      if (isReplyCut) end();
      else if (!frozen.has(client)) client.write(chunk);
    });
  }

  const listener: Server = createServer(join);
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const url = new URL(targetUrl);
  url.port = String((listener.address() as AddressInfo).port);
  return {
    url: url.toString(),
    cuts,
    setChance(next) {
      share = next;
    },
    freeze() {
      for (const socket of sockets) frozen.add(socket);
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => listener.close(() => resolve()));
    },
  };
}
