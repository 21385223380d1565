/**
 * A narrow link between one page and the media workers: its datagrams go through here, towards the page no faster than `kbps`, behind a queue that lets fall what
 * does not fit, as a phone's radio does. TCP is not offered. Made by tests with `NarrowLink.of` before the page is opened, ended by `close`.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { BrowserContext } from 'playwright-core';

/** What the queue holds. */
const QUEUE_MS = 200;
/** Of Ethernet, IP and UDP, beside what is sent. */
const HEADER_BYTES = 42;

export class NarrowLink {
  /** Towards the page; 0: nothing passes, either way. */
  kbps = Number.POSITIVE_INFINITY;
  readonly #doors = new Map<number, Promise<number>>();
  readonly #sockets = new Set<Socket>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #isFreeAt = 0;

  static async of(profile: BrowserContext): Promise<NarrowLink> {
    const link = new NarrowLink();
    await profile.exposeFunction('doorTo', (port: number) => link.#doorTo(port));
    await profile.addInitScript(() => {
      const { doorTo } = window as unknown as { doorTo(port: number): Promise<number> };
      const setRemote: (this: RTCPeerConnection, description: RTCSessionDescriptionInit) => Promise<void> =
        RTCPeerConnection.prototype.setRemoteDescription;
      RTCPeerConnection.prototype.setRemoteDescription = async function (description: RTCSessionDescriptionInit): Promise<void> {
        const lines: string[] = [];
        for (const line of (description.sdp ?? '').split('\r\n')) {
          // RFC 8839 5.1: foundation, component, transport, priority, address, port.
          const [, before, port, after] = /^(a=candidate:\S+ \d+ \S+ \d+ \S+ )(\d+)(.*)$/.exec(line) ?? [];
          if (before === undefined) lines.push(line);
          else if (/ udp /i.test(before)) lines.push(`${before}${await doorTo(Number(port))}${after}`);
        }
        return setRemote.call(this, { ...description, type: description.type, sdp: lines.join('\r\n') });
      };
    });
    return link;
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const socket of this.#sockets) socket.close();
    this.#sockets.clear();
  }

  /** The port that stands for a worker's. */
  #doorTo(target: number): Promise<number> {
    const door = this.#doors.get(target) ?? this.#open(target);
    this.#doors.set(target, door);
    return door;
  }

  async #open(target: number): Promise<number> {
    const door = await this.#bound();
    const byClient = new Map<string, Promise<Socket>>();
    door.on('message', async (datagram, { address, port }) => {
      if (this.kbps === 0) return;
      const known = byClient.get(`${address}:${port}`) ?? this.#bound();
      byClient.set(`${address}:${port}`, known);
      const worker = await known;
      if (!this.#sockets.has(worker)) return;
      if (worker.listenerCount('message') === 0) worker.on('message', (back) => this.#pass(back, () => door.send(back, port, address)));
      worker.send(datagram, target, '127.0.0.1');
    });
    return (door.address() as AddressInfo).port;
  }

  async #bound(): Promise<Socket> {
    const socket = createSocket('udp4');
    this.#sockets.add(socket);
    socket.bind(0);
    await once(socket, 'listening');
    return socket;
  }

  #pass({ length }: Buffer, send: () => void): void {
    const now = performance.now();
    const startsAt = Math.max(now, this.#isFreeAt);
    if (this.kbps === 0 || startsAt - now > QUEUE_MS) return;
    this.#isFreeAt = startsAt + ((length + HEADER_BYTES) * 8) / this.kbps;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (this.#sockets.size > 0) send();
    }, this.#isFreeAt - now);
    this.#timers.add(timer);
  }
}
