/** The benchmark's side of its load generator: starts the process, gives one order at a time, waits for what it reports. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { RoutingOrder, RoutingReport } from './routingOrders.ts';

type Answer = Exclude<RoutingReport, { did: 'failed' }>;

export class RoutingGenerator {
  readonly #child: ChildProcess;
  #failure: string | undefined;
  #waiting: { resolve: (report: Answer) => void; reject: (error: Error) => void } | undefined;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (report: RoutingReport) => {
      if (report.did === 'failed') this.#fail(report.error);
      else this.#waiting?.resolve(report);
    });
    child.once('exit', (code, signal) => this.#fail(`the load generator ended (${code ?? signal})`));
  }

  static start(): RoutingGenerator {
    const file = join(import.meta.dirname, 'routingGenerator.ts');
    return new RoutingGenerator(
      fork(file, { serialization: 'advanced', execArgv: ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=32'] }),
    );
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** @throws when the generator failed */
  async order<Did extends Answer['did']>(order: RoutingOrder, did: Did): Promise<Extract<Answer, { did: Did }>> {
    if (this.#failure) throw new Error(this.#failure);
    const answer = await new Promise<Answer>((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#child.send(order);
    });
    if (answer.did !== did) throw new Error(`the load generator answered ${answer.did} to ${order.do}`);
    return answer as Extract<Answer, { did: Did }>;
  }

  close(): void {
    this.#waiting = undefined;
    this.#child.kill('SIGKILL');
  }

  #fail(error: string): void {
    this.#failure ??= error;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(new Error(error));
  }
}
