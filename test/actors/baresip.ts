/**
 * baresip as Debian ships it, one process: a phone not written here. It registers with digest, speaks a tone, and is driven over its control socket as a person presses
 * keys. What it hears it writes to a file by its own decoder; `sound` reads the end of it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../src/supervisor/freePort.ts';
import { until } from '../support/services.ts';
import { RATE, sine } from '../support/tones.ts';
import { monoWav } from '../support/wav.ts';

const WAV_HEAD_BYTES = 44;
const TONE_SEC = 120;

export interface BaresipOptions {
  readonly serverPort: number;
  readonly user: string;
  readonly password: string;
  /** Hz; what its microphone hears, for two minutes. */
  readonly tone: number;
  /** UDP unless told. */
  readonly transport?: 'udp' | 'tcp' | 'tls';
  /** Own address and the server's: 127.0.0.1 unless told, or ::1. */
  readonly host?: string;
}

export class Baresip {
  readonly user: string;
  /** Types of its events, oldest first: CALL_INCOMING, CALL_ESTABLISHED, CALL_CLOSED, … */
  readonly events: string[] = [];
  readonly #child: ChildProcess;
  readonly #control: Socket;
  readonly #folder: string;
  #answers: ((ok: boolean) => void)[] = [];
  #text = '';
  output = '';

  private constructor(child: ChildProcess, control: Socket, folder: string, user: string) {
    this.#child = child;
    this.#control = control;
    this.#folder = folder;
    this.user = user;
    control.on('error', () => undefined);
    control.on('data', (bytes) => this.#read(bytes.toString('latin1')));
    const keep = (bytes: Buffer): void => {
      this.output = (this.output + bytes.toString('latin1')).slice(-20_000);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
  }

  static async start({ serverPort, user, password, tone, transport = 'udp', host = '127.0.0.1' }: BaresipOptions): Promise<Baresip> {
    const folder = mkdtempSync(join(tmpdir(), 'centralino-baresip-'));
    const port = await freePort();
    const address = host.includes(':') ? `[${host}]` : host;
    writeFileSync(join(folder, 'tone.wav'), monoWav(sine(tone, TONE_SEC * RATE), RATE));
    const lines = [
      'poll_method epoll',
      `sip_listen ${address}:0`,
      `audio_source aufile,${join(folder, 'tone.wav')}`,
      'audio_player aubridge,ear',
      'audio_alert aubridge,bell',
      'ausrc_srate 8000',
      'auplay_srate 8000',
      'ausrc_channels 1',
      'auplay_channels 1',
      'module_path /usr/lib/baresip/modules',
      'module g711.so',
      'module aufile.so',
      'module aubridge.so',
      'module sndfile.so',
      `snd_path ${folder}`,
      'module_tmp account.so',
      'module_app menu.so',
      'module_app ctrl_tcp.so',
      `ctrl_tcp_listen 127.0.0.1:${port}`,
    ];
    writeFileSync(join(folder, 'config'), `${lines.join('\n')}\n`);
    writeFileSync(
      join(folder, 'accounts'),
      `<sip:${user}@${address}:${serverPort};transport=${transport}>;auth_user=${user};auth_pass=${password};regint=120\n`,
    );
    const child = spawn('baresip', ['-f', folder], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    const control = await until(() => reached(port), { what: 'the control socket of baresip', timeoutMs: 15_000 });
    return new Baresip(child, control, folder, user);
  }

  /** As its menu: dial, accept, hangup, hold, resume, transfer, sndcode. @throws when it refuses */
  async press(command: string, params = ''): Promise<void> {
    const message = JSON.stringify({ command, params, token: 'test' });
    const answer = new Promise<boolean>((resolve) => this.#answers.push(resolve));
    this.#control.write(`${message.length}:${message},`);
    if (!(await answer)) throw new Error(`baresip does not ${command}: ${this.output.slice(-500)}`);
  }

  count(event: string): number {
    return this.events.filter((type) => type === event).length;
  }

  /** The last it heard in the call it made or took last; 16 bit, 8 kHz. */
  sound(ms = 300): Int16Array {
    const newest = readdirSync(this.#folder)
      .filter((name) => name.endsWith('-dec.wav'))
      .sort()
      .at(-1);
    if (!newest) return new Int16Array();
    const bytes = readFileSync(join(this.#folder, newest)).subarray(WAV_HEAD_BYTES);
    const whole = new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + (bytes.length & ~1)));
    return whole.slice(-Math.round((ms * RATE) / 1_000));
  }

  async close(): Promise<void> {
    this.#control.destroy();
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = once(this.#child, 'exit');
      this.#child.kill('SIGKILL');
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Netstrings: `length:json,`. */
  #read(text: string): void {
    this.#text += text;
    for (;;) {
      const colon = this.#text.indexOf(':');
      const length = Number(this.#text.slice(0, colon));
      if (colon < 0 || this.#text.length < colon + length + 2) return;
      const message = JSON.parse(this.#text.slice(colon + 1, colon + 1 + length)) as { event?: boolean; type?: string; ok?: boolean };
      this.#text = this.#text.slice(colon + length + 2);
      if (message.event) this.events.push(message.type ?? '');
      else this.#answers.shift()?.(message.ok === true);
    }
  }
}

function reached(port: number): Promise<Socket | undefined> {
  const socket = connect(port, '127.0.0.1');
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(socket));
    socket.once('error', () => resolve(undefined));
  });
}
