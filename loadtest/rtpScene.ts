/**
 * The processes of the rtp benchmark, each pinned to a core: what is measured on the first, phones on the second. Created per part of the run; `close` ends
 * them. Linux only (taskset of util-linux).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { pino } from 'pino';
import { RtpClient } from '../sip/rtp/client.ts';
import type { LegInfo, Playback } from '../sip/rtp/protocol.ts';
import { readUsage } from './processes.ts';
import type { PhoneOrder, PhoneReport, PhoneRun, ServeOrder, ServeReport } from './rtpOrders.ts';

const MEASURED_CORE = 0;
const OTHER_CORE = 1;
const AT_ONCE = 50;

class Child<Order extends object, Report extends { readonly did: string }> {
  readonly #process: ChildProcess;
  #onReport: (report: Report) => void = () => undefined;

  constructor(file: string, core: number, nodeFlags: readonly string[] = []) {
    const args = [
      '-c',
      String(core),
      process.execPath,
      '--disable-warning=ExperimentalWarning',
      ...nodeFlags,
      join(import.meta.dirname, file),
    ];
    this.#process = spawn('taskset', args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], serialization: 'advanced' });
    this.#process.on('message', (report: Report) => this.#onReport(report));
    this.#process.once('exit', (code, signal) => this.#onReport({ did: 'failed', error: `${file} ended (${code ?? signal})` } as never));
  }

  get pid(): number {
    return this.#process.pid as number;
  }

  expect<Did extends Report['did']>(did: Did, onOther: (report: Report) => void = () => undefined): Promise<Extract<Report, { did: Did }>> {
    return new Promise((resolve, reject) => {
      this.#onReport = (report) => {
        if (report.did === did) resolve(report as Extract<Report, { did: Did }>);
        else if (report.did === 'failed') reject(new Error((report as unknown as { error: string }).error));
        else onOther(report);
      };
    });
  }

  order<Did extends Report['did']>(order: Order, did: Did, onOther?: (report: Report) => void): Promise<Extract<Report, { did: Did }>> {
    const done = this.expect(did, onOther);
    this.#process.send(order);
    return done;
  }

  close(): void {
    this.#onReport = () => undefined;
    this.#process.kill('SIGCONT');
    this.#process.kill('SIGTERM');
  }
}

export interface Measured extends PhoneRun {
  /** Of the process on the measured core. */
  readonly serverCores: number;
}

/** Phones, growing in number as asked. */
export class Phones {
  readonly #child = new Child<PhoneOrder, PhoneReport>('rtpPhones.ts', OTHER_CORE);
  readonly ports: number[] = [];

  async open(count: number): Promise<void> {
    this.ports.push(...(await this.#child.order({ do: 'open', count }, 'opened')).ports);
  }

  async aim(from: number, targets: readonly number[]): Promise<void> {
    await this.#child.order({ do: 'aim', from, targets }, 'aimed');
  }

  /** CPU of `server` is that within the measured window. */
  async run(order: Omit<Extract<PhoneOrder, { do: 'run' }>, 'do'>, server: { readonly pid: number }): Promise<Measured> {
    const read = (): number => readUsage(new Map([['server', server.pid]])).get('server')?.cpuUs ?? 0;
    let began = 0;
    let used = 0;
    const ran = await this.#child.order({ do: 'run', ...order }, 'ran', (report) => {
      if (report.did === 'windowBegan') began = read();
      if (report.did === 'windowEnded') used = read() - began;
    });
    return { ...ran, serverCores: used / 1_000 / ran.windowMs };
  }

  close(): void {
    this.#child.close();
  }
}

export interface CallServer {
  readonly pid: number;
  /** Opens so many more calls between phones of these ports. @returns where each phone sends to */
  openCalls(phonePorts: readonly number[]): Promise<readonly number[]>;
  close(): void;
}

export function startRelay(): CallServer {
  const child = new Child<ServeOrder, ServeReport>('baseline/relay.ts', MEASURED_CORE);
  return {
    pid: child.pid,
    openCalls: async (phonePorts) => (await child.order({ do: 'open', count: phonePorts.length / 2 }, 'opened')).ports,
    close: () => child.close(),
  };
}

export async function startSink(count: number): Promise<{ readonly ports: readonly number[]; close(): void }> {
  const child = new Child<ServeOrder, ServeReport>('rtpSink.ts', OTHER_CORE);
  const { ports } = await child.order({ do: 'open', count }, 'opened');
  return { ports, close: () => child.close() };
}

export class MediaServer implements CallServer {
  readonly #child: Child<ServeOrder, ServeReport>;
  readonly #client: RtpClient;
  #opened = 0;

  private constructor(child: Child<ServeOrder, ServeReport>, client: RtpClient) {
    this.#child = child;
    this.#client = client;
  }

  static async start(nodeFlags: readonly string[] = []): Promise<MediaServer> {
    const child = new Child<ServeOrder, ServeReport>('rtpMedia.ts', MEASURED_CORE, nodeFlags);
    const { port } = await child.expect('listening');
    const log = pino({ level: 'silent' });
    const client = new RtpClient({ host: '127.0.0.1', port, secret: 'bench-only', application: 'bench', log, onEvent: () => undefined });
    return new MediaServer(child, client);
  }

  get pid(): number {
    return this.#child.pid;
  }

  async openCalls(phonePorts: readonly number[]): Promise<readonly number[]> {
    const calls = Array.from({ length: phonePorts.length / 2 }, (_, index) => phonePorts.slice(2 * index, 2 * index + 2));
    const legs = await this.#all(calls, async (ports) => {
      const call = `c${this.#opened++}`;
      const pair = [];
      for (const [side, port] of ports.entries()) pair.push(await this.#openLeg(call, `${call}-${side}`, port));
      await this.#client.ask({ do: 'call.hears', call, hears: { [`${call}-0`]: [`${call}-1`], [`${call}-1`]: [`${call}-0`] } });
      return pair;
    });
    return legs.flat();
  }

  /** One call per phone, with music. */
  async openWaiting(phonePorts: readonly number[]): Promise<readonly number[]> {
    const playback: Playback = { id: 'music', pieces: [{ kind: 'sound', name: 'music' }], loop: true, isShared: true };
    return this.#all(phonePorts, async (phonePort) => {
      const call = `w${this.#opened++}`;
      const port = await this.#openLeg(call, call, phonePort);
      await this.#client.ask({ do: 'leg.play', leg: call, playback });
      return port;
    });
  }

  /** Packets sent by all legs together, and when that was (the list takes its time). */
  async counted(): Promise<{ sent: number; at: number }> {
    const askedAt = performance.now();
    const { legs = [] } = await this.#client.ask({ do: 'list' });
    return { sent: legs.reduce((total, { stats }) => total + stats.packetsSent, 0), at: (askedAt + performance.now()) / 2 };
  }

  close(): void {
    this.#client.close();
    this.#child.close();
  }

  async #openLeg(call: string, leg: string, port: number): Promise<number> {
    const { leg: opened } = await this.#client.ask({ do: 'leg.open', call, leg });
    await this.#client.ask({
      do: 'leg.remote',
      leg,
      remote: { address: '127.0.0.1', port, codec: 'PCMU', payloadType: 0, eventPayloadType: 101 },
    });
    return (opened as LegInfo).port;
  }

  async #all<Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>): Promise<Result[]> {
    const results: Result[] = [];
    for (let at = 0; at < items.length; at += AT_ONCE) results.push(...(await Promise.all(items.slice(at, at + AT_ONCE).map(work))));
    return results;
  }
}
