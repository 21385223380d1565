/** What the video benchmark and its bare mediasoup process say to each other. */
import type { VideoCommand } from '../src/protocol/video.ts';

export interface BareOrder {
  readonly id: number;
  readonly room: string;
  readonly command: VideoCommand;
}

/** `id` 0: it is ready. */
export interface BareAnswer {
  readonly id: number;
  readonly body?: unknown;
  readonly error?: string;
}
