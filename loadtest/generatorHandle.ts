/** The benchmark's side of the load generator: starts the process, gives one order at a time, waits for what it reports. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { Load, Order, Report, Shape, Target } from './orders.ts';

export interface Run {
  readonly sent: number;
  readonly windowMs: number;
  /** Deliveries that never came; below 0: repeated ones. */
  readonly missing: number;
  readonly latenciesMs: readonly number[];
}

export class GeneratorHandle {
  readonly #child: ChildProcess;
  #onReport: (report: Report) => void = () => undefined;
  #failure: string | undefined;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (report: Report) => {
      if (report.did === 'failed') this.#failure ??= report.error;
      this.#onReport(report);
    });
    child.once('exit', (code, signal) => {
      this.#failure ??= `the load generator ended (${code ?? signal})`;
      this.#onReport({ did: 'failed', error: this.#failure });
    });
  }

  static start(): GeneratorHandle {
    return new GeneratorHandle(
      fork(join(import.meta.dirname, 'generator.ts'), { serialization: 'advanced', execArgv: ['--disable-warning=ExperimentalWarning'] }),
    );
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  async openIdle(target: Target, count: number): Promise<void> {
    await this.#order({ do: 'openIdle', target, count }, 'opened');
  }

  async closeIdle(): Promise<void> {
    await this.#order({ do: 'closeIdle' }, 'opened');
  }

  async open(target: Target, shape: Shape): Promise<void> {
    await this.#order({ do: 'open', target, shape }, 'opened');
  }

  /** One run; `onWindow` is called when the measured window begins and when it ends. */
  async run(
    run: { target: string; load: Load; perSec: number; warmUpMs: number; measureMs: number },
    onWindow: { began(): void; ended(): void },
  ): Promise<Run> {
    let window = { sent: 0, windowMs: 0 };
    const ran = await this.#order({ do: 'run', ...run }, 'ran', (report) => {
      if (report.did === 'windowBegan') onWindow.began();
      if (report.did !== 'windowEnded') return;
      onWindow.ended();
      window = { sent: report.sent, windowMs: report.windowMs };
    });
    return { ...window, missing: ran.missing, latenciesMs: ran.latenciesMs };
  }

  close(): void {
    this.#onReport = () => undefined;
    this.#child.kill('SIGKILL');
  }

  #order<Did extends Report['did']>(
    order: Order,
    did: Did,
    onOther: (report: Report) => void = () => undefined,
  ): Promise<Extract<Report, { did: Did }>> {
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(new Error(this.#failure));
      this.#onReport = (report) => {
        if (report.did === 'failed') reject(new Error(report.error));
        else if (report.did === did) resolve(report as Extract<Report, { did: Did }>);
        else onOther(report);
      };
      this.#child.send(order);
    });
  }
}
