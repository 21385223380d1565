/** Figures of a process of video: what it carries, and what went wrong. Made by the role `sfu`, shown at any gateway. */
import { collectDefaultMetrics, Registry } from 'prom-client';
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

export interface VideoLevels {
  readonly rooms: number;
  readonly consumers: number;
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
  consumers: ['centralino_video_consumers', 'Streams sent to peers'],
};

export function newVideoCounts(): VideoCounts {
  return { joins: 0, refusals: 0, picturesHeldBack: 0, roomsLost: 0, roomsTaken: 0, workersLost: 0 };
}

export function createVideoRegistry(nodeId: string, read: () => VideoCounts & VideoLevels): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ node: nodeId });
  collectDefaultMetrics({ register: registry });
  showFigures<VideoCounts & VideoLevels>(registry, read, { totals, levels });
  return registry;
}
