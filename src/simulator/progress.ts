/** How far a simulation is, on one line of a terminal that is written again and again, or on a line of its own every few seconds elsewhere. */
import { clockText, midnightOf, type Scenario } from '../../queues/simulate/index.ts';

const TERMINAL_MS = 250;
const FILE_MS = 5_000;

interface Done {
  readonly at: number;
  readonly came: number;
  readonly expected: number;
}

export class Progress {
  readonly #scenario: Scenario;
  readonly #out: NodeJS.WriteStream;
  readonly #runs = new Map<number, Done>();
  #shownAt = performance.now();
  #isLineOpen = false;

  constructor(scenario: Scenario, out: NodeJS.WriteStream) {
    this.#scenario = scenario;
    this.#out = out;
  }

  show(repetition: number, done: Done): void {
    this.#runs.set(repetition, done);
    const now = performance.now();
    if (now - this.#shownAt < (this.#out.isTTY ? TERMINAL_MS : FILE_MS)) return;
    this.#shownAt = now;
    const runs = [...this.#runs.values()];
    const came = runs.reduce((sum, run) => sum + run.came, 0);
    // Those that have not begun are as long as those that have.
    const expected = (runs.reduce((sum, run) => sum + run.expected, 0) / runs.length) * this.#scenario.repetitions;
    const { repetitions } = this.#scenario;
    const run = repetitions > 1 ? `run ${repetition + 1} of ${repetitions}, ` : '';
    const line = `${Math.floor((100 * came) / Math.max(1, expected))} % · ${run}${clockText(done.at - midnightOf(this.#scenario))} · ${came} of about ${Math.round(expected)} clients`;
    this.#isLineOpen = this.#out.isTTY;
    this.#out.write(this.#out.isTTY ? `\r\x1b[K${line}` : `${line}\n`);
  }

  end(): void {
    if (this.#isLineOpen) this.#out.write('\r\x1b[K');
    this.#isLineOpen = false;
  }
}
