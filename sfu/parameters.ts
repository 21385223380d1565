/**
 * What strangers send as media parameters, read strictly before mediasoup sees it: sizes, ranges and numbers that contradict each other are refused here, what we
 * do not know is left out. What is well-formed but impossible mediasoup refuses itself (`asRefusal`); the worker never sees either. Pure.
 */
import type { DtlsParameters, MediaKind, RtpCapabilities, RtpParameters } from 'mediasoup/types';
import { z } from 'zod';
import { AppError } from '../src/base/errors.ts';

/** Simulcast layers of one producer. */
const ENCODINGS_MAX = 3;
const uint32 = z.number().int().min(1).max(0xffff_ffff);
const payloadType = z.number().int().min(0).max(127);
const clockRate = z.number().int().min(1_000).max(192_000);
const channels = z.number().int().min(1).max(8);
/** RFC 8285: one-byte ids 1–14, two-byte ids to 255. */
const extensionId = z.number().int().min(1).max(255);
const mimeType = z.string().regex(/^(audio|video)\/[A-Za-z0-9_.-]{1,40}$/i);
const uri = z.string().min(1).max(200);

/** fmtp: numbers and short texts. */
const parameters = z
  .record(z.string().max(60), z.union([z.string().max(300), z.number(), z.boolean(), z.null()]))
  .refine((given) => Object.keys(given).length <= 30, 'at most 30 parameters')
  .optional();
const rtcpFeedback = z
  .array(z.object({ type: z.string().max(40), parameter: z.string().max(40).optional() }))
  .max(20)
  .optional();

const distinct = <Item>(items: readonly Item[] | undefined, of: (item: Item) => unknown): boolean =>
  items === undefined || new Set(items.map(of)).size === items.length;

const rtpParameters = z.object({
  mid: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{1,16}$/)
    .optional(),
  codecs: z
    .array(z.object({ mimeType, payloadType, clockRate, channels: channels.optional(), parameters, rtcpFeedback }))
    .min(1)
    .max(10)
    .refine((codecs) => distinct(codecs, (codec) => codec.payloadType), 'payload types must differ'),
  headerExtensions: z
    .array(z.object({ uri, id: extensionId, encrypt: z.boolean().optional() }))
    .max(20)
    .refine((list) => distinct(list, ({ id }) => id), 'ids of header extensions must differ')
    .optional(),
  encodings: z
    .array(
      z.object({
        ssrc: uint32.optional(),
        rid: z
          .string()
          .regex(/^[A-Za-z0-9]{1,16}$/)
          .optional(),
        codecPayloadType: payloadType.optional(),
        rtx: z.object({ ssrc: uint32 }).optional(),
        dtx: z.boolean().optional(),
        scalabilityMode: z
          .string()
          .regex(/^[LS][1-3]T[1-3](_KEY)?$/)
          .optional(),
        maxBitrate: z.number().int().min(1_000).max(20_000_000).optional(),
      }),
    )
    .min(1)
    .max(ENCODINGS_MAX),
  rtcp: z.object({ cname: z.string().max(120).optional(), reducedSize: z.boolean().optional() }).optional(),
});

const rtpCapabilities = z.object({
  codecs: z
    .array(
      z.object({
        kind: z.enum(['audio', 'video']),
        mimeType,
        preferredPayloadType: payloadType,
        clockRate,
        channels: channels.optional(),
        parameters,
        rtcpFeedback,
      }),
    )
    .max(60),
  headerExtensions: z
    .array(
      z.object({
        kind: z.enum(['audio', 'video']),
        uri,
        preferredId: extensionId,
        preferredEncrypt: z.boolean().optional(),
        direction: z.enum(['sendrecv', 'sendonly', 'recvonly', 'inactive']).optional(),
      }),
    )
    .max(60)
    .optional(),
});

/** Digest lengths in bytes. MD5 is no more accepted, nor is it by mediasoup. */
const DIGEST_BYTES: Readonly<Record<string, number>> = { 'sha-1': 20, 'sha-224': 28, 'sha-256': 32, 'sha-384': 48, 'sha-512': 64 };
const fingerprint = z
  .object({ algorithm: z.string().toLowerCase(), value: z.string().regex(/^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2})*$/) })
  .refine(({ algorithm, value }) => (value.length + 1) / 3 === DIGEST_BYTES[algorithm], 'not a fingerprint of that algorithm');
const dtlsParameters = z.object({
  role: z.enum(['auto', 'client', 'server']).optional(),
  fingerprints: z.array(fingerprint).min(1).max(10),
});

/** @throws AppError invalid */
export function readRtpParameters(kind: MediaKind, given: unknown): RtpParameters {
  const read = parsed('rtpParameters', rtpParameters, given);
  const { codecs, encodings } = read;
  if (!codecs.every((codec) => codec.mimeType.toLowerCase().startsWith(`${kind}/`)))
    throw refused('rtpParameters.codecs', `every codec must be ${kind}`);
  const payloadTypes = new Set(codecs.map((codec) => codec.payloadType));
  const ssrcs = encodings.flatMap(({ ssrc, rtx }) => [ssrc, rtx?.ssrc]).filter((ssrc) => ssrc !== undefined);
  if (!distinct(ssrcs, (ssrc) => ssrc)) throw refused('rtpParameters.encodings', 'every SSRC must be named once');
  const rids = encodings.map(({ rid }) => rid).filter((rid) => rid !== undefined);
  if (!distinct(rids, (rid) => rid)) throw refused('rtpParameters.encodings', 'every RID must be named once');
  for (const { codecPayloadType: named, ssrc, rid } of encodings) {
    if (named !== undefined && !payloadTypes.has(named)) throw refused('rtpParameters.encodings', 'an unknown payload type');
    if (ssrc === undefined && (rid === undefined || read.mid === undefined))
      throw refused('rtpParameters.encodings', 'an encoding needs an SSRC, or a RID and a MID');
  }
  if (kind === 'audio' && encodings.length > 1) throw refused('rtpParameters.encodings', 'audio has one encoding');
  return read as RtpParameters;
}

/** @throws AppError invalid */
export function readRtpCapabilities(given: unknown): RtpCapabilities {
  return parsed('rtpCapabilities', rtpCapabilities, given) as RtpCapabilities;
}

/** @throws AppError invalid */
export function readDtlsParameters(given: unknown): DtlsParameters {
  return parsed('dtlsParameters', dtlsParameters, given) as DtlsParameters;
}

/** Runs what mediasoup may refuse. @throws AppError invalid (parameters), gone (closed meanwhile, or its worker died) */
export async function asRefusal<Value>(work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AppError) throw error;
    const { name, message } = error as Error;
    // InvalidStateError: the object was closed; the channel closes with the worker.
    if (name === 'InvalidStateError' || name === 'WorkerClosedError' || name === 'NotFoundError' || /closed|Channel/.test(message))
      throw new AppError('gone', { detail: 'The media was closed meanwhile: join again.', cause: error });
    throw new AppError('invalid', { detail: message.slice(0, 200), cause: error });
  }
}

function parsed<Schema extends z.ZodType>(path: string, schema: Schema, given: unknown): z.infer<Schema> {
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const [first] = result.error.issues;
  throw refused([path, ...(first?.path ?? [])].join('.'), first?.message ?? 'not valid');
}

function refused(path: string, message: string): AppError {
  return new AppError('invalid', { detail: `${path}: ${message}`, fields: [{ path, message }] });
}
