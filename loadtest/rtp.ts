/**
 * `npm run bench -- rtp`: how many calls, and how many callers with music, one core of phone media carries. Numbers are raised until the limits are broken, and
 * what counts is the highest number that was run and kept them. The bare relay beside it is measured in the same way in the same run.
 */
import { type BenchOptions, publishReport, quantile } from './report.ts';
import { type CallServer, type Measured, MediaServer, Phones, startRelay, startSink } from './rtpScene.ts';

const MOST_LOSS_PCT = 0.1;
const MOST_DELAY_MS = 5;
/** Of those who hear music: packets come when they are due, within one packet's time. */
const MOST_GAP_MS = 40;
/** Phones that send less than this share of what they should are the limit themselves. */
const LEAST_OFFERED = 0.98;
const SAMPLED_LISTENERS = 100;
const SINKS = 50;
/** Until a leg takes its phone for silent. */
const SILENT_WARM_UP_MS = 4_000;
const PACKETS_PER_SEC = 50;

/** The parts share the benchmark's ten minutes; what was run by then counts. */
const PART_MS = { relay: 90_000, calls: 130_000, silent: 150_000, sending: 130_000 };
const QUICK_PART_MS = 14_000;

interface Times {
  readonly warmUpMs: number;
  readonly measureMs: number;
}

interface Step {
  readonly part: string;
  readonly count: number;
  readonly isKept: boolean;
  readonly lossPct: number;
  /** What the media added to the way; of music, between packets. */
  readonly p99Ms: number;
  /** The whole way between phones, their own lateness included. */
  readonly wholeWayP99Ms?: number;
  /** Of what the phones should have sent. */
  readonly offeredPct?: number;
  readonly serverCores: number;
  readonly phonesCores: number;
  readonly phonesLateP99Ms: number;
}

export async function benchRtp(options: BenchOptions): Promise<void> {
  const times = options.isQuick ? { warmUpMs: 1_000, measureMs: 2_000 } : { warmUpMs: 2_000, measureMs: 6_000 };
  const steps: Step[] = [];
  const keep = (step: Step): Step => {
    steps.push(step);
    process.stderr.write(
      `${step.part} ${step.count}: loss ${step.lossPct.toFixed(3)} %, p99 ${step.p99Ms.toFixed(1)} ms, ${step.serverCores.toFixed(2)} + ${step.phonesCores.toFixed(2)} cores${step.isKept ? '' : ' ✗'}\n`,
    );
    return step;
  };
  const rangeOf = (part: keyof typeof PART_MS, least: number, stride: number, isGrowing = false): Range => ({
    least,
    stride: options.isQuick ? 2 * stride : stride,
    isGrowing,
    endsAt: performance.now() + (options.isQuick ? QUICK_PART_MS : PART_MS[part]),
  });
  const relay = await searchCalls('relay', startRelay(), rangeOf('relay', 200, 50), times, keep);
  const ours = await searchCalls('calls', await MediaServer.start(profile(options)), rangeOf('calls', 200, 50), times, keep);
  const silent = await searchSilent(rangeOf('silent', 1_000, 250, true), times, keep);
  const sending = await searchSending(rangeOf('sending', 300, 100, true), times, keep);
  const figures = {
    callsPerCore: ours?.count ?? 0,
    lossPct: ours?.lossPct ?? Number.NaN,
    addedDelayP99Ms: ours?.p99Ms ?? Number.NaN,
    holdMusicCallersPerCore: silent?.count ?? 0,
    holdMusicSendingCallersPerCore: sending?.count ?? 0,
  };
  const relayPacketsPerSec = (relay?.count ?? 0) * 2 * PACKETS_PER_SEC;
  const ratios = { oursOverRelay: (figures.callsPerCore * 2 * PACKETS_PER_SEC) / relayPacketsPerSec };
  const rows = [relay, ours, silent, sending].flatMap((step) =>
    step ? [[step.part, step.count, step.lossPct, step.p99Ms, step.wholeWayP99Ms ?? Number.NaN, step.serverCores, step.phonesCores]] : [],
  );
  publishReport(
    { bench: 'rtp', figures, baseline: { relayPacketsPerSec }, ratios },
    {
      title: 'Phone media, one process on one core',
      columns: ['part', 'highest', 'loss %', 'p99 ms', 'whole way', 'cores', 'phones’ cores'],
      rows,
      notes: [
        `relay, calls: G.711, both sides talk; loss < ${MOST_LOSS_PCT} %, p99 ≤ ${MOST_DELAY_MS} ms of what the way through the media takes longer than one straight from phone to phone at the same moment; “whole way” includes the phones’ own lateness`,
        `music: every packet due was sent, p99 (between packets at listening phones) ≤ ${MOST_GAP_MS} ms; of the silent callers ${SAMPLED_LISTENERS} are listened to, the others’ sockets are open and not read`,
        'callsPerCoreRecording is absent: recording is a later part',
        `the phones are one Node process on the other core; where they sent less than ${100 * LEAST_OFFERED} % of what was due, the step does not count, and they were the limit`,
      ],
    },
    steps,
    options.folder,
  );
}

const profile = ({ isProfile, folder }: BenchOptions): string[] => (isProfile ? ['--cpu-prof', `--cpu-prof-dir=${folder}`] : []);

interface Range {
  readonly least: number;
  readonly stride: number;
  /** Callers who hear music stay: the number only grows, by single strides. */
  readonly isGrowing: boolean;
  /** No step begins that could end later (`performance.now()`). */
  readonly endsAt: number;
}

/** Raises the number in strides, after the first failure in smaller ones. @returns the highest that kept the limits */
async function search(
  { least, stride, isGrowing, endsAt }: Range,
  measure: (count: number) => Promise<Step>,
  keep: (step: Step) => Step,
): Promise<Step | undefined> {
  let best: Step | undefined;
  let longestMs = 0;
  const hasTime = (): boolean => performance.now() + longestMs < endsAt;
  const run = async (count: number): Promise<Step> => {
    const beganAt = performance.now();
    const step = keep(await measure(count));
    longestMs = Math.max(longestMs, performance.now() - beganAt);
    return step;
  };
  let step = isGrowing ? stride : stride * 4;
  let count = least;
  while (hasTime()) {
    let found = await run(count);
    // One disturbance of a shared machine is no limit.
    if (!found.isKept && hasTime()) found = await run(count);
    if (found.isKept) best = found;
    else if (best && step > stride) step = stride;
    else if (best || isGrowing || count <= stride) return best;
    else {
      count = Math.floor(count / 2);
      continue;
    }
    count = (best?.count ?? 0) + step;
  }
  return best;
}

async function searchCalls(
  part: string,
  server: CallServer,
  range: Range,
  times: Times,
  keep: (step: Step) => Step,
): Promise<Step | undefined> {
  const phones = new Phones();
  try {
    return await search(
      range,
      async (count) => {
        const from = phones.ports.length;
        const more = Math.max(0, 2 * count - from);
        await phones.open(more);
        await phones.aim(from, await server.openCalls(phones.ports.slice(from)));
        const ran = await phones.run({ phones: 2 * count, isSending: true, isPaired: true, ...times }, server);
        const lossPct = (100 * (ran.sent - ran.heard)) / ran.sent;
        return stepOf(part, count, ran, lossPct, quantile(ran.addedMs, 0.99), MOST_DELAY_MS, 2 * count);
      },
      keep,
    );
  } finally {
    phones.close();
    server.close();
  }
}

/** Callers who send nothing. */
async function searchSilent(range: Range, times: Times, keep: (step: Step) => Step): Promise<Step | undefined> {
  const server = await MediaServer.start();
  const phones = new Phones();
  const sink = await startSink(SINKS);
  try {
    await phones.open(SAMPLED_LISTENERS);
    await server.openWaiting(phones.ports);
    let open = SAMPLED_LISTENERS;
    return await search(
      range,
      async (count) => {
        await server.openWaiting(Array.from({ length: Math.max(0, count - open) }, (_, index) => sink.ports[index % SINKS] as number));
        open = Math.max(open, count);
        const before = await server.counted();
        const ran = await phones.run(
          { phones: SAMPLED_LISTENERS, isSending: false, isPaired: false, ...times, warmUpMs: SILENT_WARM_UP_MS },
          server,
        );
        const after = await server.counted();
        const due = ((after.at - before.at) / 1_000) * PACKETS_PER_SEC * open;
        return stepOf('music, silent', open, ran, 100 * (1 - (after.sent - before.sent) / due), quantile(ran.gapsMs, 0.99), MOST_GAP_MS);
      },
      keep,
    );
  } finally {
    phones.close();
    sink.close();
    server.close();
  }
}

async function searchSending(range: Range, times: Times, keep: (step: Step) => Step): Promise<Step | undefined> {
  const server = await MediaServer.start();
  const phones = new Phones();
  try {
    return await search(
      range,
      async (count) => {
        const from = phones.ports.length;
        await phones.open(Math.max(0, count - from));
        await phones.aim(from, await server.openWaiting(phones.ports.slice(from)));
        const ran = await phones.run({ phones: count, isSending: true, isPaired: false, ...times }, server);
        const due = (ran.windowMs / 1_000) * PACKETS_PER_SEC * phones.ports.length;
        return stepOf('music, sending', count, ran, 100 * (1 - ran.heard / due), quantile(ran.gapsMs, 0.99), MOST_GAP_MS, count);
      },
      keep,
    );
  } finally {
    phones.close();
    server.close();
  }
}

function stepOf(
  part: string,
  count: number,
  ran: Measured,
  lossPct: number,
  p99Ms: number,
  mostMs: number,
  /** Phones that send; absent: none. */
  sending?: number,
): Step {
  const offered = sending === undefined ? 1 : ran.sent / ((sending * PACKETS_PER_SEC * ran.windowMs) / 1_000);
  return {
    part,
    count,
    isKept: lossPct < MOST_LOSS_PCT && p99Ms <= mostMs && offered >= LEAST_OFFERED,
    lossPct: Math.max(0, lossPct),
    p99Ms,
    ...(ran.delaysMs.length > 0 ? { wholeWayP99Ms: quantile(ran.delaysMs, 0.99) } : {}),
    ...(sending === undefined ? {} : { offeredPct: 100 * offered }),
    serverCores: ran.serverCores,
    phonesCores: ran.cores,
    phonesLateP99Ms: ran.lateP99Ms,
  };
}
