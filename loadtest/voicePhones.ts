/**
 * The phones of the voice benchmark: SIPp as agents and as callers, each from a loopback address of its own, and the sockets into which their media goes. Created per
 * center; SIPp is started anew per row. Guarantees that no process outlives `close`.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { answering, calling, registering } from './voiceScenarios.ts';

export const CALLERS = '127.0.0.2';
export const AGENTS = '127.0.0.3';
/** SIPp's ports of media repeat after so many calls. The first it opens itself, and all agents' media go to theirs; it reads neither. */
const MEDIA_PORTS = 2_500;
const MEDIA_STEP = 4;
const CALLERS_MEDIA = 1_202;
const AGENTS_MEDIA = 19_990;
const REGISTRATIONS_PER_SEC = 100;

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export interface CallersPlan {
  /** Number that is called. */
  readonly service: string;
  readonly perSec: number;
  readonly count: number;
  readonly patienceMs: number;
}

export interface Callers {
  /** All calls are over. @throws never: what became of them is in the capture */
  readonly over: Promise<void>;
  /** No new calls; those that are up go on. */
  stop(): void;
}

export class Phones {
  readonly #folder = mkdtempSync(join(tmpdir(), 'centralino-voice-'));
  readonly #running = new Set<ChildProcess>();
  readonly #target: string;
  readonly #agentsPort: number;
  #agents: ChildProcess | undefined;
  #scenarios = 0;

  private constructor(target: string, agentsPort: number) {
    this.#target = target;
    this.#agentsPort = agentsPort;
  }

  /** `target`: HOST:PORT of the edge. `agentsPort`: all agents' phones are there. */
  static async open(target: string, agentsPort: number): Promise<Phones> {
    const phones = new Phones(target, agentsPort);
    try {
      await phones.#sink(CALLERS, CALLERS_MEDIA + MEDIA_STEP, MEDIA_PORTS - 1);
    } catch (error) {
      phones.close();
      throw error;
    }
    return phones;
  }

  /** Registers all of them; from then on they answer. Those that answered before are gone. Whether they are registered the center says. */
  async answer(credentials: readonly Credentials[], how: { readonly ringMs: number; readonly talkMs: number }): Promise<void> {
    if (this.#agents) await this.#end(this.#agents);
    const users = credentials.map(({ username, password }) => `${username};[authentication username=${username} password=${password}]`);
    const file = join(this.#folder, 'phones.csv');
    writeFileSync(file, ['SEQUENTIAL', ...users, ''].join('\n'));
    this.#agents = this.#sipp(AGENTS, AGENTS_MEDIA, [
      ...['-p', String(this.#agentsPort), '-sf', this.#write(registering()), '-oocsf', this.#write(answering(how)), '-inf', file],
      ...['-r', String(REGISTRATIONS_PER_SEC), '-l', '100000', '-m', String(credentials.length)],
    ]);
    // Phones that were live before are so still: nothing tells when the last has registered again.
    await wait((credentials.length / REGISTRATIONS_PER_SEC) * 1_000 + 1_000);
  }

  call({ service, perSec, count, patienceMs }: CallersPlan): Callers {
    const sipp = this.#sipp(CALLERS, CALLERS_MEDIA, [
      ...['-s', service, '-sf', this.#write(calling({ patienceMs })), '-r', String(perSec), '-l', '100000', '-m', String(count)],
    ]);
    return { over: once(sipp, 'close').then(() => undefined), stop: () => void sipp.kill('SIGUSR1') };
  }

  close(): void {
    for (const child of this.#running) child.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #write(scenario: string): string {
    const file = join(this.#folder, `scenario-${++this.#scenarios}.xml`);
    writeFileSync(file, scenario);
    return file;
  }

  #sipp(address: string, mediaPort: number, flags: readonly string[]): ChildProcess {
    const common = ['-i', address, '-mi', address, '-mp', String(mediaPort), '-nostdin', '-buff_size', '4194304'];
    const sipp = spawn('sipp', [this.#target, ...common, ...flags], { cwd: this.#folder, stdio: 'ignore' });
    return this.#keep(sipp);
  }

  async #sink(address: string, first: number, count: number): Promise<void> {
    const sink = fork(join(import.meta.dirname, 'voiceSink.ts'), [address, String(first), String(MEDIA_STEP), String(count)]);
    this.#keep(sink);
    const ended = once(sink, 'close').then(() => {
      throw new Error(`the sockets for media at ${address}:${first} cannot be opened`);
    });
    await Promise.race([once(sink, 'message'), ended]);
  }

  #keep(child: ChildProcess): ChildProcess {
    this.#running.add(child);
    child.once('close', () => this.#running.delete(child));
    child.once('error', () => this.#running.delete(child));
    return child;
  }

  async #end(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'close');
  }
}
