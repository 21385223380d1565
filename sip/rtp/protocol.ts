/**
 * What the SIP application and a process of phone media say to each other: JSON lines over TCP, every message checked with these schemas. Ids of calls and
 * legs are chosen by the caller, so that a command sent twice equals once and a restarted application finds its own by `list`. Nothing here names
 * an object: another process, another host or another media server can stand behind it.
 */
import { z } from 'zod';

export const codec = z.enum(['PCMU', 'PCMA', 'G722']);
export type Codec = z.infer<typeof codec>;

const id = z.string().min(1).max(64);
const port = z.number().int().min(1).max(65_535);

/** Where and how the other side wants its packets, from its SDP. */
export const remoteMedia = z.object({
  address: z.string().max(64),
  port,
  /** Absent: port + 1, or none when `isRtcpMux`. */
  rtcpPort: port.optional(),
  isRtcpMux: z.boolean().default(false),
  codec,
  /** Payload type of the codec as this side numbers it. */
  payloadType: z.number().int().min(0).max(127),
  /** RFC 4733 events; absent: keys come by SIP INFO or in band, and are not seen here. */
  eventPayloadType: z.number().int().min(96).max(127).optional(),
  ptimeMs: z.number().int().min(10).max(60).default(20),
  /** What we may do: `sendonly` towards one who put us on hold, and so on (from our point of view). */
  direction: z.enum(['sendrecv', 'sendonly', 'recvonly', 'inactive']).default('sendrecv'),
});
export type RemoteMedia = z.infer<typeof remoteMedia>;

/** What is played to a leg: the pieces one after the other; `loop` starts again at the first. */
export const playback = z.object({
  id,
  pieces: z
    .array(
      z.discriminatedUnion('kind', [
        /** A prompt or music by name: made for the project (`config/prompts`), or uploaded (`<account id>/<file id>`). */
        z.object({ kind: z.literal('sound'), name: z.string().max(200) }),
        /** Hz; one or two tones at once. */
        z.object({
          kind: z.literal('tone'),
          frequencies: z.array(z.number().min(50).max(3_400)).min(1).max(2),
          ms: z.number().int().max(60_000),
        }),
        z.object({ kind: z.literal('silence'), ms: z.number().int().max(60_000) }),
      ]),
    )
    .min(1)
    .max(50),
  loop: z.boolean().default(false),
  /** Music is heard from wherever it is at the time, by all who hear it alike: it costs one encoding. A prompt begins at its beginning. */
  isShared: z.boolean().default(false),
});
export type Playback = z.infer<typeof playback>;

export const rtpCommand = z.discriminatedUnion('do', [
  /** First on every connection. `application` names who asks; legs belong to it. */
  z.object({ do: z.literal('hello'), secret: z.string(), application: id }),
  /**
   * Opens the ports of a leg. Answered with `address`, `port`, `rtcpPort`. A leg that stands already is answered again.
   * `silentAfterMs`: nothing received for so long is told once (`leg.silent`); 0: never. `end`: of `ends.open`, which the leg takes; the family is that one's.
   */
  z.object({
    do: z.literal('leg.open'),
    call: id,
    leg: id,
    family: z.enum(['IPv4', 'IPv6']).default('IPv4'),
    silentAfterMs: z.number().int().default(0),
    end: id.optional(),
  }),
  /** Opens IPv4 ends for legs to come. Answered with those that stand then; they are closed when the connection goes. */
  z.object({ do: z.literal('ends.open'), ends: z.array(id).max(32) }),
  z.object({ do: z.literal('leg.remote'), leg: id, remote: remoteMedia }),
  /** Who hears whom in a call: listener → those it hears (never itself). Replaces what stood; a leg that is not named hears nobody. */
  z.object({ do: z.literal('call.hears'), call: id, hears: z.record(id, z.array(id).max(20)) }),
  /** Played instead of what the leg would hear, until it is over or stopped. Replaces the leg's playback. */
  z.object({ do: z.literal('leg.play'), leg: id, playback }),
  z.object({ do: z.literal('leg.stop'), leg: id }),
  /** Nobody hears it. */
  z.object({ do: z.literal('leg.mute'), leg: id, isMuted: z.boolean() }),
  /** Keys sent to the leg as RFC 4733 events, 100 ms each. */
  z.object({ do: z.literal('leg.keys'), leg: id, keys: z.string().regex(/^[0-9A-D*#]{1,32}$/) }),
  z.object({ do: z.literal('leg.close'), leg: id }),
  z.object({ do: z.literal('call.close'), call: id }),
  /** Of this application's calls those that are named stay; what it ended while it was out of reach is closed. */
  z.object({ do: z.literal('calls.keep'), calls: z.array(id).max(20_000) }),
  /** Asks for a sign of life. */
  z.object({ do: z.literal('ping') }),
  /** Everything of this application, or of an older epoch of it. */
  z.object({ do: z.literal('list') }),
  /** Takes over legs of another application (recovery); what nobody takes within 10 s of the loss of its application is closed. */
  z.object({ do: z.literal('adopt'), calls: z.array(id).max(10_000) }),
]);
export type RtpCommand = z.input<typeof rtpCommand>;

/** What RTCP and our own counting say of a leg, cumulative. */
export const legStats = z.object({
  packetsReceived: z.number(),
  packetsLost: z.number(),
  packetsSent: z.number(),
  jitterMs: z.number(),
  /** From the other side's reports; absent without any. */
  roundTripMs: z.number().optional(),
  remoteLossPct: z.number().optional(),
});
export type LegStats = z.infer<typeof legStats>;

/** Of the last few seconds, of one who talks. */
export const quality = z.object({
  /** From the other side's reports; absent without any. */
  rttMs: z.number().optional(),
  jitterMs: z.number(),
  /** 0 to 100, of the worse direction. */
  lossPct: z.number(),
  /** Received since the beginning. */
  packets: z.number().int(),
  codec,
});
export type Quality = z.infer<typeof quality>;

export const legInfo = z.object({
  call: id,
  leg: id,
  address: z.string(),
  port,
  rtcpPort: port,
  remote: remoteMedia.optional(),
  /** Where packets come from (after latching). */
  source: z.object({ address: z.string(), port }).optional(),
  stats: legStats,
});
export type LegInfo = z.infer<typeof legInfo>;

/** An end that no leg has yet. */
const spareEnd = z.object({ end: id, address: z.string(), port, rtcpPort: port });
export type SpareEnd = z.infer<typeof spareEnd>;

/** Every command has a `seq` and exactly one answer with it. */
export const rtpAnswer = z.discriminatedUnion('ok', [
  z.object({
    seq: z.number().int(),
    ok: z.literal(true),
    leg: legInfo.optional(),
    legs: z.array(legInfo).optional(),
    ends: z.array(spareEnd).optional(),
  }),
  /** `code`: unknown_leg | no_ports | bad_request | unauthenticated | overloaded | unknown_sound */
  z.object({ seq: z.number().int(), ok: z.literal(false), code: z.string(), detail: z.string() }),
]);
export type RtpAnswer = z.infer<typeof rtpAnswer>;

export const rtpEvent = z.discriminatedUnion('event', [
  z.object({ event: z.literal('leg.key'), leg: id, key: z.string().length(1), ms: z.number() }),
  z.object({ event: z.literal('leg.silent'), leg: id, ms: z.number() }),
  z.object({ event: z.literal('leg.heard'), leg: id }),
  /** `reason`: over | stopped | replaced */
  z.object({ event: z.literal('play.ended'), leg: id, playback: id, reason: z.string() }),
  /** While the leg is heard by somebody and packets come, with each report of RTCP: every 2.5 to 7.5 s. */
  z.object({ event: z.literal('leg.quality'), leg: id, quality }),
  /** With the last figures, for the call's record. */
  z.object({ event: z.literal('leg.closed'), leg: id, stats: legStats }),
]);
export type RtpEvent = z.infer<typeof rtpEvent>;
