/**
 * Connections of every kind (TCP, TLS, WebSocket), their table and their limits. Created by Transports. A source holds at most so many; one that says
 * nothing, or begins a message and does not end it, is closed; one that does not read is closed before its unread bytes fill the memory, and soon.
 */
import type { Parsed } from './messageParse.ts';
import { randomText } from './randomText.ts';
import { TransportError } from './transportError.ts';
import type { Address, Clock, Destination, Flow, Protocol } from './types.ts';

export interface ConnectionLimits {
  /** Over all sources. */
  readonly total: number;
  readonly perSource: number;
  /** Until the first whole message of one that came to us. */
  readonly firstMessageMs: number;
  /** From the first byte of a message to its last. */
  readonly partialMs: number;
  /** Without a byte; the system's keep-alive notices far ends that are gone earlier. */
  readonly idleMs: number;
  /** Bytes the far end did not take. */
  readonly unsentBytes: number;
  /** Of that nothing taken. */
  readonly stalledMs: number;
  /** Of connecting and of the TLS or WebSocket handshake. */
  readonly connectMs: number;
}

export const CONNECTION_LIMITS: ConnectionLimits = {
  total: 20_000,
  perSource: 500,
  firstMessageMs: 30_000,
  partialMs: 10_000,
  idleMs: 2 * 3_600_000,
  unsentBytes: 512 * 1024,
  stalledMs: 10_000,
  connectMs: 5_000,
};

const SWEEP_MS = 1_000;

/** What a connection tells its owner. */
export interface ConnectionOwner {
  readonly clock: Clock;
  readonly limits: ConnectionLimits;
  onParsed(parsed: Parsed, flow: Flow): void;
  onClosed(connection: Connection, reason: string): void;
}

export interface Ends {
  readonly local: Address;
  readonly remote: Address;
  readonly advertised: Address;
}

/** One connection as a flow. Subclasses move the bytes. */
export abstract class Connection implements Flow {
  readonly id: string;
  readonly protocol: Exclude<Protocol, 'udp'>;
  readonly isReliable = true;
  readonly local: Address;
  readonly remote: Address;
  readonly advertised: Address;
  /** Name it was asked for by, when we connected. */
  readonly asked: string | undefined;
  protected readonly owner: ConnectionOwner;
  readonly #since: number;
  #heardAt: number;
  #partialSince: number | undefined;
  #written = 0;
  /** How much of it the far end had taken when it was looked at, and since when no more. */
  #taken = 0;
  #takenAt: number;
  #hasSpoken = false;
  #isClosed = false;

  constructor(protocol: Exclude<Protocol, 'udp'>, ends: Ends, owner: ConnectionOwner, asked?: string) {
    this.id = `${protocol}-${randomText()}`;
    this.protocol = protocol;
    this.local = ends.local;
    this.remote = ends.remote;
    this.advertised = ends.advertised;
    this.asked = asked;
    this.owner = owner;
    this.#since = owner.clock.now();
    this.#heardAt = this.#takenAt = this.#since;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  async send(bytes: Buffer): Promise<void> {
    if (this.#isClosed) throw new TransportError('gone', 'the connection is closed');
    if (this.unsent() + bytes.length > this.owner.limits.unsentBytes) {
      this.close('slow');
      throw new TransportError('full', 'the far end does not read');
    }
    this.#written += bytes.length;
    try {
      await this.write(bytes);
    } catch (error) {
      throw new TransportError('gone', 'the connection broke', { cause: error });
    }
  }

  close(reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.hangUp(reason);
    this.owner.onClosed(this, reason);
  }

  /** Why it must be closed by now, if it must. */
  overdue(now: number): string | undefined {
    const { firstMessageMs, partialMs, idleMs, stalledMs } = this.owner.limits;
    const unsent = this.unsent();
    if (unsent === 0 || this.#written - unsent > this.#taken) {
      this.#taken = this.#written - unsent;
      this.#takenAt = now;
    }
    if (now - this.#takenAt > stalledMs) return 'slow';
    if (this.#partialSince !== undefined && now - this.#partialSince > partialMs) return 'message not ended';
    if (!this.#hasSpoken && this.asked === undefined && now - this.#since > firstMessageMs) return 'nothing said';
    return now - this.#heardAt > idleMs ? 'idle' : undefined;
  }

  /** @param isPartial whether the begin of a message is left over */
  protected heard(isPartial: boolean): void {
    this.#heardAt = this.owner.clock.now();
    if (!isPartial) this.#partialSince = undefined;
    else this.#partialSince ??= this.#heardAt;
  }

  protected parsed(parsed: Parsed): void {
    if (this.#isClosed) return;
    this.#hasSpoken ||= parsed.outcome === 'message';
    this.#partialSince = undefined;
    this.owner.onParsed(parsed, this);
  }

  protected abstract unsent(): number;
  protected abstract write(bytes: Buffer): Promise<void>;
  /** Ends the socket; called once. */
  protected abstract hangUp(reason: string): void;
}

export class Connections {
  readonly #limits: ConnectionLimits;
  readonly #clock: Clock;
  readonly #byId = new Map<string, Connection>();
  readonly #byFarEnd = new Map<string, Connection>();
  readonly #perSource = new Map<string, number>();
  /** Flows and handshakes. */
  #held = 0;
  #sweep: unknown;

  constructor(limits: ConnectionLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
    this.#sweep = clock.setTimeout(this.#onSweep, SWEEP_MS);
  }

  get size(): number {
    return this.#byId.size;
  }

  /** A place for one more from there, until it is given back. @returns undefined when there is none */
  admit(source: string): (() => void) | undefined {
    const held = this.#perSource.get(source) ?? 0;
    if (this.#held >= this.#limits.total || held >= this.#limits.perSource || source === '') return undefined;
    this.#count(source, 1);
    return () => this.#count(source, -1);
  }

  add(connection: Connection): void {
    this.#byId.set(connection.id, connection);
    this.#count(connection.remote.host, 1);
    for (const key of farEnds(connection)) this.#byFarEnd.set(key, connection);
  }

  get(id: string): Connection | undefined {
    return this.#byId.get(id);
  }

  /** A connection that stands to that far end, whoever opened it. TLS only under the name its certificate was checked for. */
  find({ protocol, host, port }: Destination): Connection | undefined {
    return this.#byFarEnd.get(farEnd(protocol, host, port));
  }

  remove(connection: Connection): void {
    if (!this.#byId.delete(connection.id)) return;
    this.#count(connection.remote.host, -1);
    for (const key of farEnds(connection)) if (this.#byFarEnd.get(key) === connection) this.#byFarEnd.delete(key);
  }

  #count(source: string, change: 1 | -1): void {
    const count = (this.#perSource.get(source) ?? 0) + change;
    this.#held += change;
    if (count > 0) this.#perSource.set(source, count);
    else this.#perSource.delete(source);
  }

  close(reason: string): void {
    this.#clock.clearTimeout(this.#sweep);
    for (const connection of [...this.#byId.values()]) connection.close(reason);
  }

  readonly #onSweep = (): void => {
    const now = this.#clock.now();
    for (const connection of [...this.#byId.values()]) {
      const reason = connection.overdue(now);
      if (reason) connection.close(reason);
    }
    this.#sweep = this.#clock.setTimeout(this.#onSweep, SWEEP_MS);
  };
}

function farEnds({ protocol, remote, asked }: Connection): string[] {
  const byAddress = protocol === 'tls' && asked !== undefined ? [] : [farEnd(protocol, remote.host, remote.port)];
  return asked === undefined ? byAddress : [...byAddress, farEnd(protocol, asked, remote.port)];
}

function farEnd(protocol: Protocol, host: string, port: number): string {
  return `${protocol} ${host.toLowerCase()} ${port}`;
}
