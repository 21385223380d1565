/**
 * Every figure the gateway exports to Prometheus (API-4). Created once per process; the objects that cause a figure count it themselves.
 * Labels are bounded: routes by pattern, codes by catalog, never ids.
 */

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { agentCommand, visitorCommand } from '../protocol/frames.ts';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

const COMMANDS: ReadonlySet<string> = new Set([
  'hello',
  ...[visitorCommand, agentCommand].flatMap(({ options }) => options.map((option) => option.shape.t.value)),
]);

/** Children with bound labels: looking labels up again for every frame would cost more than counting. */
interface CommandFigures {
  readonly replies: { inc(): void };
  readonly seconds: { observe(value: number): void };
}

export class Metrics {
  readonly registry = new Registry();
  readonly #own = { registers: [this.registry] };

  readonly requests = new Counter({
    ...this.#own,
    name: 'centralino_http_requests_total',
    help: 'Answered requests.',
    labelNames: ['route', 'method', 'status'],
  });
  readonly requestSeconds = new Histogram({
    ...this.#own,
    name: 'centralino_http_request_seconds',
    help: 'Arrival to answer.',
    labelNames: ['route', 'method'],
    buckets: SECONDS,
  });
  readonly sockets = new Gauge({ ...this.#own, name: 'centralino_sockets', help: 'Open sockets.', labelNames: ['as'] });
  readonly subscriptions = new Gauge({
    ...this.#own,
    name: 'centralino_feed_subscriptions',
    help: 'Feeds that sockets of this process follow.',
    labelNames: ['kind'],
  });
  readonly replies = new Counter({
    ...this.#own,
    name: 'centralino_replies_total',
    help: 'Answered commands.',
    labelNames: ['command', 'code'],
  });
  readonly commandSeconds = new Histogram({
    ...this.#own,
    name: 'centralino_command_seconds',
    help: 'Frame to reply.',
    labelNames: ['command'],
    buckets: SECONDS,
  });
  readonly deliverySeconds = new Histogram({
    ...this.#own,
    name: 'centralino_delivery_seconds',
    help: 'Event written to event pushed.',
    buckets: SECONDS,
  });
  readonly closes = new Counter({
    ...this.#own,
    name: 'centralino_socket_closes_total',
    help: 'Sockets this process closed, by reason.',
    labelNames: ['reason'],
  });
  readonly resumes = new Counter({
    ...this.#own,
    name: 'centralino_feed_resumes_total',
    help: 'Subscriptions by how they began.',
    labelNames: ['mode'],
  });
  readonly gaps = new Counter({
    ...this.#own,
    name: 'centralino_feed_gaps_total',
    help: 'Times the log had to be read again after a gap.',
  });
  readonly rowReads = new Counter({ ...this.#own, name: 'centralino_row_reads_total', help: 'Interactions read to show their rows.' });
  readonly limited = new Counter({
    ...this.#own,
    name: 'centralino_rate_limited_total',
    help: 'Refusals by limit.',
    labelNames: ['limit'],
  });
  readonly errors = new Counter({ ...this.#own, name: 'centralino_internal_errors_total', help: 'Faults of ours.', labelNames: ['where'] });

  #framesOut = 0;
  readonly #byCommand = new Map<string, CommandFigures>();

  constructor(nodeId: string) {
    this.registry.setDefaultLabels({ node: nodeId });
    collectDefaultMetrics({ register: this.registry });
    const sent = (): number => this.#framesOut;
    new Counter({
      ...this.#own,
      name: 'centralino_frames_total',
      help: 'Frames pushed to clients.',
      collect() {
        this.reset();
        this.inc(sent());
      },
    });
  }

  /** Called for every frame, so it is no more than an addition. */
  countFrameOut(): void {
    this.#framesOut++;
  }

  /** A command was answered with `code` ('ok' or of the error catalog). `t` is whatever the client wrote. */
  countCommand(t: unknown, code: string, elapsedMs: number): void {
    const command = typeof t === 'string' && COMMANDS.has(t) ? t : 'unknown';
    const key = `${command} ${code}`;
    let figures = this.#byCommand.get(key);
    if (!figures) {
      figures = { replies: this.replies.labels({ command, code }), seconds: this.commandSeconds.labels({ command }) };
      this.#byCommand.set(key, figures);
    }
    figures.replies.inc();
    figures.seconds.observe(elapsedMs / 1_000);
  }

  close(): void {
    this.registry.clear();
  }
}
