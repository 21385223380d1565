/**
 * Pairs of UDP ports: RTP on an even one, RTCP on the next (RFC 3550 11). Several processes share the range: the kernel gives a port to one of them, the
 * others go on to the next. Ports are taken round the range, so that packets of an old call do not come into a new one. One per process.
 */

import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';

export interface PortPair {
  readonly rtp: Socket;
  readonly rtcp: Socket;
  readonly port: number;
  close(): void;
}

export class NoPortsError extends Error {
  override name = 'NoPortsError';
}

const NEVER: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EAFNOSUPPORT', 'EADDRNOTAVAIL']);

export class PortRange {
  readonly #first: number;
  readonly #pairs: number;
  readonly #taken = new Set<number>();
  #next: number;

  constructor({ low, high }: { readonly low: number; readonly high: number }) {
    this.#first = low + (low % 2);
    this.#pairs = Math.max(0, Math.floor((high - this.#first + 1) / 2));
    // Processes begin at different places.
    this.#next = this.#pairs === 0 ? 0 : randomInt(this.#pairs);
  }

  /** @throws NoPortsError when every pair is taken, or the system gives no more sockets */
  async take(family: 'IPv4' | 'IPv6'): Promise<PortPair> {
    for (let tried = 0; tried < this.#pairs; tried++) {
      const port = this.#first + 2 * this.#next;
      this.#next = (this.#next + 1) % this.#pairs;
      if (this.#taken.has(port)) continue;
      this.#taken.add(port);
      try {
        return await this.#bindPair(port, family);
      } catch (error) {
        this.#taken.delete(port);
        const { code = '' } = error as NodeJS.ErrnoException;
        if (NEVER.has(code)) throw new NoPortsError(`the system gives no more sockets (${code})`, { cause: error });
      }
    }
    throw new NoPortsError('every pair of RTP_PORTS is taken');
  }

  async #bindPair(port: number, family: 'IPv4' | 'IPv6'): Promise<PortPair> {
    const rtp = await bind(port, family);
    try {
      const rtcp = await bind(port + 1, family);
      return {
        rtp,
        rtcp,
        port,
        close: () => {
          rtp.close();
          rtcp.close();
          this.#taken.delete(port);
        },
      };
    } catch (error) {
      rtp.close();
      throw error;
    }
  }
}

function bind(port: number, family: 'IPv4' | 'IPv6'): Promise<Socket> {
  const isIPv6 = family === 'IPv6';
  const socket = createSocket({
    type: isIPv6 ? 'udp6' : 'udp4',
    ipv6Only: isIPv6,
    // Only addresses are ever given: there is nothing to look up, and nothing to wait for.
    lookup: (address, _options, callback) => callback(null, address, isIPv6 ? 6 : 4),
  });
  return new Promise((resolve, reject) => {
    socket.once('error', (error) => {
      socket.close();
      reject(error);
    });
    socket.bind({ port, exclusive: true }, () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}
