/**
 * The video room of an interaction, and what a peer asks of it. Shared by browsers, gateway and SFU; zod only. Times are Unix milliseconds.
 * Media parameters are mediasoup's own objects (its RTP, DTLS and ICE parameters): bounded here, checked in full by the SFU.
 *
 * A room is state, not a stream of orders: `room.changed` carries all of it with a version, and a peer fetches what it lacks (`consume`). A lost or doubled
 * event is healed by the next. When `epoch` differs from the one a peer joined with, the room was built anew (its media worker died): join again.
 */
import { z } from 'zod';
import { interactionId, userId } from './common.ts';

/** Chosen by the page, one each time it is loaded: joining again under the same one replaces what it had. */
export const peerId = z.string().regex(/^[A-Za-z0-9_-]{8,40}$/, 'expected 8 to 40 letters, digits, _ or -');
const mediaId = z.string().regex(/^[A-Za-z0-9-]{1,64}$/);

/** VID-1: what a peer may send. */
export const mediaSource = z.enum(['camera', 'microphone', 'screen', 'screenAudio']);
export type MediaSource = z.infer<typeof mediaSource>;

/** APP-10. on: sent from entering on; off: the person can switch it on; forbidden: the server refuses it. */
export const elementRule = z.enum(['on', 'off', 'forbidden']);
const elements = z.object({ camera: elementRule, microphone: elementRule, screen: elementRule });
export type Elements = z.infer<typeof elements>;

/** What a group says about video (GRP-5, APP-10, VID-3). */
export const videoRules = z.object({
  /** Visitors may ask for it, agents may invite to it. */
  isOn: z.boolean(),
  /** Shown before entering, must be agreed to; empty: none. Plain text. */
  policy: z.string().max(5_000),
  agent: elements,
  client: elements,
  /** GRP-4: the visitor may leave the box for the whole screen. */
  canFullScreen: z.boolean(),
});
export type VideoRules = z.infer<typeof videoRules>;

export const roomPeer = z.object({
  id: peerId,
  role: z.enum(['customer', 'agent']),
  /** Of agents. */
  userId: userId.optional(),
  name: z.string(),
  /** away: dropped, its place is kept for the reconnect window (VID-7). */
  state: z.enum(['joined', 'away']),
  producers: z.array(z.object({ id: mediaId, source: mediaSource, isPaused: z.boolean() })),
});
export type RoomPeer = z.infer<typeof roomPeer>;

export const roomView = z.object({
  interaction: interactionId,
  /** audio: without pictures at first; who may can switch the camera on. */
  kind: z.enum(['video', 'audio']),
  /** invited: one side asked, the other has not entered; open: both sides were in; ended. */
  state: z.enum(['invited', 'open', 'ended']),
  startedBy: z.object({ role: z.enum(['customer', 'agent']), name: z.string() }),
  peers: z.array(roomPeer).max(20),
  startedAt: z.number(),
  /** When the second side came in. */
  openedAt: z.number().optional(),
  endedAt: z.number().optional(),
  endedBecause: z.enum(['closed', 'declined', 'left', 'conversation_over', 'failed']).optional(),
  epoch: z.string().max(40),
  /** Grows with every change. */
  version: z.number().int(),
});
export type RoomView = z.infer<typeof roomView>;

const rtpCapabilities = z.looseObject({
  codecs: z.array(z.looseObject({})).max(60),
  headerExtensions: z.array(z.looseObject({})).max(60).optional(),
});
const rtpParameters = z.looseObject({ codecs: z.array(z.looseObject({})).min(1).max(20) });
const dtlsParameters = z.looseObject({
  role: z.enum(['auto', 'client', 'server']).optional(),
  fingerprints: z
    .array(z.object({ algorithm: z.string().max(20), value: z.string().max(200) }))
    .min(1)
    .max(10),
});

/** What a peer asks. By the visitor of the interaction, its owner, and the agents that take part (CHT-19). */
export const videoCommand = z.discriminatedUnion('do', [
  /** Asks the other side in (VID-2). Answers `{ room }`. Refuses: forbidden (rules), wrong_state (no agent yet, conversation over). */
  z.object({ do: z.literal('open'), kind: z.enum(['video', 'audio']) }),
  /** The one who was asked says no, or the one who asked takes it back. Answers `{}`. */
  z.object({ do: z.literal('decline') }),
  /** For everybody: back to chat. By an agent; by the visitor too. Answers `{}`. */
  z.object({ do: z.literal('close') }),
  /** Enters, or enters again. With `rtpCapabilities` the answer has the consumers of all that is sent. Answers `joined`. */
  z.object({ do: z.literal('join'), peer: peerId, rtpCapabilities: rtpCapabilities.optional() }),
  z.object({ do: z.literal('leave'), peer: peerId }),
  /** Answers `{}`. */
  z.object({ do: z.literal('connect'), peer: peerId, transport: mediaId, dtlsParameters }),
  /** VID-7: after a change of network. Answers `{ iceParameters }`. */
  z.object({ do: z.literal('restartIce'), peer: peerId, transport: mediaId }),
  /** A second one of a source replaces the first. Answers `{ producer }`. Refuses: forbidden (APP-10), at_capacity. */
  z.object({
    do: z.literal('produce'),
    peer: peerId,
    transport: mediaId,
    source: mediaSource,
    rtpParameters,
    isPaused: z.boolean().default(false),
  }),
  /** Mute and unmute. */
  z.object({ do: z.literal('pause'), peer: peerId, producer: mediaId, isPaused: z.boolean() }),
  z.object({ do: z.literal('stop'), peer: peerId, producer: mediaId }),
  /** Of each producer that still is there, paused until `watch`ed. Once more answers the same. Answers `{ consumers }`. */
  z.object({ do: z.literal('consume'), peer: peerId, producers: z.array(mediaId).min(1).max(40), rtpCapabilities }),
  /** How it is shown: decides layers (VID-1). `isPaused`: not looked at. Sizes in CSS pixels × device ratio. */
  z.object({
    do: z.literal('watch'),
    peer: peerId,
    consumers: z
      .array(
        z.object({
          id: mediaId,
          isPaused: z.boolean(),
          width: z.number().int().min(0).max(8_192).optional(),
          height: z.number().int().min(0).max(8_192).optional(),
        }),
      )
      .min(1)
      .max(40),
  }),
]);
export type VideoCommand = z.infer<typeof videoCommand>;

const transportOptions = z.looseObject({
  id: mediaId,
  iceParameters: z.unknown(),
  iceCandidates: z.array(z.unknown()),
  dtlsParameters: z.unknown(),
});
export const roomConsumer = z.object({
  id: mediaId,
  producer: mediaId,
  peer: peerId,
  source: mediaSource,
  kind: z.enum(['audio', 'video']),
  rtpParameters: z.unknown(),
  isProducerPaused: z.boolean(),
});
export type RoomConsumer = z.infer<typeof roomConsumer>;

/** Answer to `join`. */
export const joined = z.object({
  room: roomView,
  rtpCapabilities,
  send: transportOptions,
  receive: transportOptions,
  /** VID-4: STUN and TURN, with credentials that run out. As RTCPeerConnection takes them. */
  iceServers: z.array(z.object({ urls: z.array(z.string()), username: z.string().optional(), credential: z.string().optional() })),
  /** APP-10, of this peer's side. */
  elements,
  consumers: z.array(roomConsumer),
});
export type Joined = z.infer<typeof joined>;

/** VID-8. Of one peer's link, as the SFU and its RTCP see it; at most every 2 s. poor: layers were dropped; bad: video was. */
export const linkQuality = z.object({
  peer: peerId,
  level: z.enum(['good', 'fair', 'poor', 'bad']),
  sendKbps: z.number(),
  receiveKbps: z.number(),
  /** 0–100, of what the peer sends and of what it receives, the worse. */
  lossPct: z.number(),
  rttMs: z.number().optional(),
});
export type LinkQuality = z.infer<typeof linkQuality>;
