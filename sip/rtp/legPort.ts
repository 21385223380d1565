/**
 * The two sockets of a leg and whom they talk to. Settled on a source, the RTP socket is connected to it: the kernel then keeps strangers out for nothing,
 * and a packet sent costs a third less. Made by the leg with a port pair; closed by it. Errors of the network (nobody listens there) are no
 * errors here: the leg notices silence.
 */
import type { Socket } from 'node:dgram';
import type { Endpoint } from './latch.ts';
import type { PortPair } from './ports.ts';

export interface LegPortListener {
  rtp(bytes: Buffer, from: Endpoint): void;
  rtcp(bytes: Buffer, from: Endpoint): void;
}

export class LegPort {
  readonly port: number;
  readonly #pair: PortPair;
  #target: Endpoint | undefined;
  #rtcpTarget: Endpoint | undefined;
  #settledOn: Endpoint | undefined;
  #isClosed = false;

  constructor(pair: PortPair, listener: LegPortListener) {
    this.#pair = pair;
    this.port = pair.port;
    pair.rtp.on('message', listener.rtp);
    pair.rtcp.on('message', listener.rtcp);
    for (const socket of [pair.rtp, pair.rtcp]) socket.on('error', () => undefined);
  }

  get isSettled(): boolean {
    return this.#settledOn !== undefined;
  }

  /** Where RTP goes; undefined: nowhere. */
  aim(target: Endpoint | undefined): void {
    this.#target = target;
    if (this.#settledOn && (this.#settledOn.port !== target?.port || this.#settledOn.address !== target.address)) this.unsettle();
  }

  aimRtcp(target: Endpoint | undefined): void {
    this.#rtcpTarget = target;
  }

  /** Hears and reaches the target only. */
  settle(): void {
    if (this.#settledOn || !this.#target || this.#isClosed) return;
    try {
      // The look-up of these sockets is immediate, and so is the connection.
      this.#pair.rtp.connect(this.#target.port, this.#target.address);
      // A refusal of the system (a broadcast address, a link without its zone) is told as an event, later; a socket without far end says so at once.
      this.#pair.rtp.remoteAddress();
      this.#settledOn = this.#target;
    } catch {
      // An address with no way to it: it stays open, and silent.
    }
  }

  unsettle(): void {
    if (!this.#settledOn || this.#isClosed) return;
    this.#settledOn = undefined;
    this.#pair.rtp.disconnect();
  }

  sendRtp(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    if (this.#settledOn) this.#pair.rtp.send(bytes);
    else if (this.#target) this.#pair.rtp.send(bytes, this.#target.port, this.#target.address);
  }

  /** What the kernel did not take yet: then a buffer must not be used again. */
  get isBacklogged(): boolean {
    return this.#pair.rtp.getSendQueueCount() > 0;
  }

  sendRtcp(bytes: Uint8Array, isMux: boolean): void {
    if (isMux) this.sendRtp(bytes);
    else if (this.#rtcpTarget && !this.#isClosed) this.#pair.rtcp.send(bytes, this.#rtcpTarget.port, this.#rtcpTarget.address);
  }

  /** What was sent goes out first. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const forget = (socket: Socket): void => void socket.removeAllListeners('message');
    forget(this.#pair.rtp);
    forget(this.#pair.rtcp);
    setImmediate(() => this.#pair.close());
  }
}
