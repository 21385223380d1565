/**
 * What the worker role does for the routing engine, for the partitions it holds: sweeps due offers, answers knocks, detaches what lapsed
 * nodes held, feeds the durable readers, trims the log behind them and reconciles. Closing order: loops, readers, knocks, partitions.
 */
import type { Logger } from '../src/base/log.ts';
import { repeat } from '../src/base/loop.ts';
import { dropClaims } from './claims.ts';
import { isRefused } from './commands.ts';
import type { DurableSink } from './engine.ts';
import { DurableReader } from './follow.ts';
import type { RunningEngine } from './index.ts';
import { partitionKey } from './keys.ts';
import { KnockWorker } from './knockWorker.ts';
import { compareIds } from './logEntry.ts';
import { HeldPartitions } from './partitions.ts';
import { reconcilePartition } from './reconcile.ts';
import type { Reply } from './redis.ts';

const SWEEP_MS = 250;
/** A knock this late counts as lost and its deadline is swept. */
const LOST_KNOCK_MS = 2_000;
/** For every so much that the first of what is due is late, another part is fired at the same time. */
const LATE_MS = 100;
const PARTS_AT_ONCE = 8;
const NEVER_MS = Number.MAX_SAFE_INTEGER;
const TRIM_MS = 3_000;
/** Entries younger than this stay, so that a fan-out reader that was away for a moment goes on without a gap. */
const KEEP_MS = 30_000;
const RECONCILE_MS = 5_000;
const DROPPED_KNOWN = 50;

export interface WorkerOptions {
  readonly log: Logger;
  readonly sinks: readonly DurableSink[];
  readonly logBudgetBytes: number;
  /**
   * What repairs can be switched off, to show that nothing else needs it: the reconciler, and the sweep of deadlines whose knock was lost. Offers
   * that expire and nodes that lapsed are swept by design; only `isSweeping` ends that, too.
   */
  readonly isReconciling?: boolean;
  readonly isSweepingKnocks?: boolean;
  readonly isSweeping?: boolean;
}

/** Figures of the worker, for metrics. `repairs` is 0 in a healthy run. */
export interface WorkerFigures {
  offersExpired: number;
  lostKnocks: number;
  nodesDropped: number;
  repairs: number;
  knockWorkersRebuilt: number;
  logEntries: number;
  logBytes: number;
  /** Age of the oldest log entry that a durable reader has not committed, in ms. */
  readerLagMs: number;
}

export interface RoutingWorkers {
  readonly figures: WorkerFigures;
  close(): Promise<void>;
}

export async function startRoutingWorkers(engine: RunningEngine, options: WorkerOptions): Promise<RoutingWorkers> {
  const { runner, commands, prefix, redisUrl, isCluster } = engine.core;
  const { log } = options;
  const figures: WorkerFigures = {
    offersExpired: 0,
    lostKnocks: 0,
    nodesDropped: 0,
    repairs: 0,
    knockWorkersRebuilt: 0,
    logEntries: 0,
    logBytes: 0,
    readerLagMs: 0,
  };
  const partitions = new HeldPartitions({ runner, prefix, nodeId: engine.lease.nodeId, log });
  await partitions.start();

  /** Partitions in which is being fired, with the latest knock that came meanwhile. */
  const firing = new Map<number, number | undefined>();

  /**
   * One part after the other, so that other commands come between them and much that is due at once holds up nobody; several at a time only when it is
   * late already, because among many commands one at a time gets too little of Redis. @returns in how many ms to knock again, because it came too early
   */
  async function fireDue(partition: number, until: number): Promise<number> {
    if (firing.has(partition)) {
      firing.set(partition, Math.max(until, firing.get(partition) ?? 0));
      return 0;
    }
    firing.set(partition, undefined);
    try {
      for (let latest = until, width = 1; ; ) {
        const replies = await Promise.all(Array.from({ length: width }, () => commands.run('fireDue', partition, [latest])));
        const came = firing.get(partition);
        firing.set(partition, undefined);
        const answers = replies.filter((reply) => !isRefused(reply)) as Reply[];
        const [, more, againInMs, lateMs] = answers.at(-1) ?? ['', 0, 0, 0];
        if (more === 0 && came === undefined) return Number(againInMs);
        latest = Math.max(latest, came ?? 0);
        width = Math.min(PARTS_AT_ONCE, 1 + Math.floor(Number(lateMs) / LATE_MS));
      }
    } finally {
      firing.delete(partition);
    }
  }

  const knocks = new KnockWorker({
    redisUrl,
    prefix,
    log,
    async fire({ partition, member, until = 0 }) {
      if (member === undefined) return fireDue(partition, until);
      const reply = await commands.run('fireDeadline', partition, [member]);
      return isRefused(reply) ? 0 : Number(reply[2]);
    },
  });
  const readers = options.sinks.map((sink) => {
    const connect = (partition: number) => engine.core.connect(`reader-${sink.name}`, partition);
    return new DurableReader({ sink, partitions, prefix, log, isCluster, connect });
  });

  async function sweep(partition: number): Promise<void> {
    for (let more = 1; more === 1; ) {
      const reply = await commands.run('sweepPartition', partition, [options.isSweepingKnocks === false ? NEVER_MS : LOST_KNOCK_MS]);
      if (isRefused(reply)) return;
      figures.offersExpired += Number(reply[1]);
      figures.lostKnocks += Number(reply[2]);
      more = Number(reply[3]);
      for (const lapsed of reply[4] as string[]) await dropNode(partition, lapsed);
    }
  }

  /** Names and epochs of the nodes dropped last: one is dropped in each partition it worked on, and counted and told once. */
  const dropped: string[] = [];

  async function dropNode(partition: number, lapsed: string): Promise<void> {
    const [name = '', epoch = ''] = lapsed.split('|');
    const node = name.replace(/~.*$/, '');
    if (!dropped.includes(`${node}|${epoch}`)) {
      dropped.unshift(`${node}|${epoch}`);
      dropped.length = Math.min(dropped.length, DROPPED_KNOWN);
      log.warn({ node, epoch }, 'node.lapsed');
      figures.nodesDropped++;
    }
    await dropClaims({ runner, base: partitionKey(prefix, partition), name, epoch }, async (args) => {
      const reply = await commands.run('dropNode', partition, args);
      return isRefused(reply) ? undefined : reply;
    });
  }

  async function trim(partition: number, seen: Pick<WorkerFigures, 'logEntries' | 'logBytes' | 'readerLagMs'>): Promise<void> {
    const kept = `${Date.now() - KEEP_MS}-0`;
    const positions = readers.map((reader) => reader.position(partition));
    const isKnown = positions.every((position) => position !== undefined);
    const first = isKnown ? [kept, ...positions.map(String)].reduce((least, id) => (compareIds(id, least) < 0 ? id : least)) : '';
    let reply: Reply | number | null;
    do reply = await runner.run('trimLog', partitionKey(prefix, partition), [first, options.logBudgetBytes]);
    while (Array.isArray(reply) && Number(reply[3]) > 0 && !closing.signal.aborted);
    if (!Array.isArray(reply)) return;
    seen.logEntries += Number(reply[0]);
    seen.logBytes += Number(reply[1]);
    const behind = isKnown && positions.length > 0 ? await oldestAfter(partition, positions.map(String)) : undefined;
    if (behind !== undefined) seen.readerLagMs = Math.max(seen.readerLagMs, Date.now() - behind);
  }

  /** When the first entry after the slowest position was written. */
  async function oldestAfter(partition: number, positions: readonly string[]): Promise<number | undefined> {
    const slowest = positions.reduce((least, id) => (compareIds(id, least) < 0 ? id : least));
    const [next] = (await runner.redis.xrange(`${partitionKey(prefix, partition)}:log`, `(${slowest}`, '+', 'COUNT', 1)) as [
      string,
      string[],
    ][];
    return next ? Number(next[0].slice(0, next[0].indexOf('-'))) : undefined;
  }

  const closing = new AbortController();
  const loops = [
    ...(options.isSweeping === false ? [] : [repeat('sweep', SWEEP_MS, () => Promise.all(partitions.list().map(sweep)), log)]),
    repeat(
      'trim',
      TRIM_MS,
      async () => {
        const seen = { logEntries: 0, logBytes: 0, readerLagMs: 0 };
        for (const partition of partitions.list()) await trim(partition, seen);
        Object.assign(figures, seen);
        figures.knockWorkersRebuilt = knocks.rebuilt;
      },
      log,
    ),
    ...(options.isReconciling === false
      ? []
      : [
          repeat(
            'reconcile',
            RECONCILE_MS,
            async () => {
              for (const partition of partitions.list())
                figures.repairs += await reconcilePartition(commands, partition, log, closing.signal);
            },
            log,
          ),
        ]),
  ];

  return {
    figures,
    async close() {
      closing.abort();
      await Promise.all(loops.map((loop) => loop.close()));
      await Promise.all(readers.map((reader) => reader.close()));
      await knocks.close();
      await partitions.close();
    },
  };
}
