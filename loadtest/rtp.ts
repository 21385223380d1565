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
const SAMPLED_LISTENERS = 100;
const SINKS = 50;
/** Until a leg takes its phone for silent. */
const SILENT_WARM_UP_MS = 4_000;
const PACKETS_PER_SEC = 50;

interface Times {
  readonly warmUpMs: number;
  readonly measureMs: number;
}

interface Step {
  readonly part: string;
  readonly count: number;
  readonly isKept: boolean;
  readonly lossPct: number;
  readonly delayP99Ms: number;
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
      `${step.part} ${step.count}: loss ${step.lossPct.toFixed(3)} %, p99 ${step.delayP99Ms.toFixed(1)} ms, ${step.serverCores.toFixed(2)} + ${step.phonesCores.toFixed(2)} cores${step.isKept ? '' : ' ✗'}\n`,
    );
    return step;
  };
  const relay = await searchCalls('relay', startRelay(), { least: 200, stride: 100 }, times, keep);
  const ours = await searchCalls('calls', await MediaServer.start(profile(options)), { least: 200, stride: 50 }, times, keep);
  const silent = await searchSilent({ least: 1_000, stride: 250, isGrowing: true }, times, keep);
  const sending = await searchSending({ least: 300, stride: 100, isGrowing: true }, times, keep);
  const figures = {
    callsPerCore: ours?.count ?? 0,
    lossPct: ours?.lossPct ?? Number.NaN,
    addedDelayP99Ms: ours?.delayP99Ms ?? Number.NaN,
    holdMusicCallersPerCore: silent?.count ?? 0,
    holdMusicSendingCallersPerCore: sending?.count ?? 0,
  };
  const relayPacketsPerSec = (relay?.count ?? 0) * 2 * PACKETS_PER_SEC;
  const ratios = { oursOverRelay: (figures.callsPerCore * 2 * PACKETS_PER_SEC) / relayPacketsPerSec };
  const rows = [relay, ours, silent, sending].flatMap((step) =>
    step ? [[step.part, step.count, step.lossPct, step.delayP99Ms, step.serverCores, step.phonesCores]] : [],
  );
  publishReport(
    { bench: 'rtp', figures, baseline: { relayPacketsPerSec }, ratios },
    {
      title: 'Phone media, one process on one core',
      columns: ['part', 'highest', 'loss %', 'p99 ms', 'cores', 'phones’ cores'],
      rows,
      notes: [
        `calls: G.711, both sides talk; loss < ${MOST_LOSS_PCT} %, p99 of the way from phone to phone ≤ ${MOST_DELAY_MS} ms, the phones’ own lateness included`,
        `music: every packet due was sent, 99 % of the gaps at listening phones ≤ ${MOST_GAP_MS} ms; of the silent callers ${SAMPLED_LISTENERS} are listened to, the others’ sockets are open and not read`,
        'callsPerCoreRecording is absent: recording is a later part',
        'the phones are one Node process on the other core; where theirs is near 1, they and not the media process were the limit',
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
  readonly isGrowing?: boolean;
}

/** Raises the number in strides, after the first failure in smaller ones. @returns the highest that kept the limits */
async function search(
  { least, stride, isGrowing = false }: Range,
  measure: (count: number) => Promise<Step>,
  keep: (step: Step) => Step,
): Promise<Step | undefined> {
  let best: Step | undefined;
  let step = isGrowing ? stride : stride * 4;
  let count = least;
  for (;;) {
    let found = keep(await measure(count));
    // One disturbance of a shared machine is no limit.
    if (!found.isKept) found = keep(await measure(count));
    if (found.isKept) best = found;
    else if (best && step > stride) step = stride;
    else if (best || isGrowing || count <= stride) return best;
    else {
      count = Math.floor(count / 2);
      continue;
    }
    count = (best?.count ?? 0) + step;
  }
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
        return stepOf(part, count, ran, lossPct, quantile(ran.delaysMs, 0.99), MOST_DELAY_MS);
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
        const beganAt = performance.now();
        const ran = await phones.run(
          { phones: SAMPLED_LISTENERS, isSending: false, isPaired: false, ...times, warmUpMs: SILENT_WARM_UP_MS },
          server,
        );
        const after = await server.counted();
        const due = ((performance.now() - beganAt) / 1_000) * PACKETS_PER_SEC * open;
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
        return stepOf('music, sending', count, ran, 100 * (1 - ran.heard / due), quantile(ran.gapsMs, 0.99), MOST_GAP_MS);
      },
      keep,
    );
  } finally {
    phones.close();
    server.close();
  }
}

function stepOf(part: string, count: number, ran: Measured, lossPct: number, delayP99Ms: number, mostMs: number): Step {
  return {
    part,
    count,
    isKept: lossPct < MOST_LOSS_PCT && delayP99Ms <= mostMs,
    lossPct: Math.max(0, lossPct),
    delayP99Ms,
    serverCores: ran.serverCores,
    phonesCores: ran.cores,
    phonesLateP99Ms: ran.lateP99Ms,
  };
}
