/** Figures of a process of video: what it carries, and what went wrong. Made by the role `sfu`, shown at any gateway. */
import { Counter, collectDefaultMetrics, Registry } from 'prom-client';
import type { SfuWorkers } from '../../sfu/workers.ts';
import { type Described, showFigures } from '../metrics/figures.ts';

/** Counted where it happens; only ever grow. */
export interface VideoCounts {
  joins: number;
  refusals: number;
  picturesHeldBack: number;
  roomsLost: number;
  roomsTaken: number;
  workersLost: number;
}

interface VideoLevels {
  readonly rooms: number;
  readonly peers: number;
  readonly transports: number;
  readonly producers: number;
  readonly consumers: number;
  readonly pipes: number;
  readonly workers: number;
}

const totals: Described<VideoCounts> = {
  joins: ['centralino_video_joins_total', 'Times somebody entered a video room'],
  refusals: ['centralino_video_refusals_total', 'Commands to video rooms that were refused'],
  picturesHeldBack: ['centralino_video_pictures_held_back_total', 'Pictures taken off a link too thin for them'],
  roomsLost: ['centralino_video_rooms_lost_total', 'Rooms whose media worker died'],
  roomsTaken: ['centralino_video_rooms_taken_total', 'Rooms that another process took while this one was silent'],
  workersLost: ['centralino_video_workers_lost_total', 'Media workers that died'],
};
const levels: Described<VideoLevels> = {
  rooms: ['centralino_video_rooms', 'Video rooms carried'],
  peers: ['centralino_video_peers', 'Pages of people in video rooms'],
  transports: ['centralino_video_transports', 'WebRTC transports, two a peer'],
  producers: ['centralino_video_producers', 'Streams received from peers'],
  consumers: ['centralino_video_consumers', 'Streams sent to peers'],
  pipes: ['centralino_video_pipes', 'Streams that go from one media worker to another, for rooms on both'],
  workers: ['centralino_video_workers', 'Media workers that serve'],
};

export function newVideoCounts(): VideoCounts {
  return { joins: 0, refusals: 0, picturesHeldBack: 0, roomsLost: 0, roomsTaken: 0, workersLost: 0 };
}

/** `rooms` are those of conversations: one that nobody has entered yet is on no worker. */
export function createVideoRegistry(
  nodeId: string,
  { counts, workers, rooms }: { counts: VideoCounts; workers: SfuWorkers; rooms: () => number },
): Registry {
  const read = (): VideoCounts & VideoLevels => {
    const carried = workers.carried;
    return { ...counts, ...carried, transports: carried.peers * 2, rooms: rooms() };
  };
  const registry = new Registry();
  registry.setDefaultLabels({ node: nodeId });
  collectDefaultMetrics({ register: registry });
  showFigures<VideoCounts & VideoLevels>(registry, read, { totals, levels });
  new Counter({
    name: 'centralino_video_worker_cpu_seconds_total',
    help: 'CPU that a media worker has used since it started',
    labelNames: ['worker'],
    registers: [registry],
    async collect() {
      this.reset();
      for (const [worker, seconds] of await workers.cpuSeconds()) this.inc({ worker }, seconds);
    },
  });
  return registry;
}
