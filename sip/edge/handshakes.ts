/**
 * Connections that are not flows yet: TLS and WebSocket handshakes under way. Created by a listening transport. They count against their source like flows,
 * so that nobody holds thousands of them half open; the protocols' own limits of time end them.
 */
import type { Socket } from 'node:net';
import { plainAddress } from './address.ts';

/** Takes a place for one connection of that source. @returns what gives it back, or undefined when the source has enough */
export type Admission = (source: string) => (() => void) | undefined;

interface Opening {
  readonly socket: Socket;
  readonly release: () => void;
}

export class Handshakes {
  readonly #admission: Admission;
  readonly #opening = new Map<string, Opening>();

  constructor(admission: Admission) {
    this.#admission = admission;
  }

  /** Closes it without a word when its source has enough. @returns whether it may go on */
  begin(socket: Socket): boolean {
    const release = this.#admission(plainAddress(socket.remoteAddress ?? ''));
    if (!release) {
      socket.destroy();
      return false;
    }
    const key = keyOf(socket);
    this.#opening.set(key, { socket, release });
    socket.once('close', () => this.#end(key));
    socket.on('error', ignored);
    return true;
  }

  /** It became a flow, which counts from now on. TLS wraps the socket in another one with the same far end. */
  end(socket: Socket): void {
    this.#end(keyOf(socket));
  }

  close(): void {
    for (const { socket } of [...this.#opening.values()]) socket.destroy();
  }

  #end(key: string): void {
    this.#opening.get(key)?.release();
    this.#opening.delete(key);
  }
}

function keyOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

function ignored(): void {}
