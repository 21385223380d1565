/**
 * What one caller may do before it is told to wait or is cut off. Read by the gateway alone. Limits by address, by visitor and by socket are
 * multiplied by LIMIT_FACTOR. Counted in Redis over all gateways unless it says "here" (by this process).
 */
export interface GatewayLimits {
  /** REST, by principal; routes may set a lower one of their own. */
  readonly requestsPerMin: number;
  /** REST by nobody, by address. */
  readonly strangerRequestsPerMin: number;
  /** API keys that nobody has, by address. */
  readonly unknownKeysPerMin: number;
  readonly requestTimeoutMs: number;
  readonly jsonMaxBytes: number;
  /** By address, here. */
  readonly socketsPerAddress: number;
  /** By visitor, here: tabs and devices. */
  readonly socketsPerVisitor: number;
  /** Devices and tabs of one agent, here. */
  readonly socketsPerUser: number;
  /** By address. */
  readonly hellosPerMin: number;
  /** By address. */
  readonly startsPerMin: number;
  /** By visitor. */
  readonly startsPerVisitorPerHour: number;
  readonly helloWithinMs: number;
  /** Frames of one socket: `burst` at once, refilled at `perSec`; more closes it as a flood. */
  readonly frames: { readonly burst: number; readonly perSec: number };
  /** Messages of one visitor over all windows, here; more is refused with `rate_limited`. */
  readonly visitorMessages: { readonly burst: number; readonly perSec: number };
  /** Commands that wait on one socket while an earlier one runs; more closes it as a flood. */
  readonly pendingCommands: number;
  readonly malformedFrames: number;
  readonly subscriptionsPerSocket: number;
  /** Bytes not yet taken by a client above which its socket is closed as slow. */
  readonly backlogMaxBytes: number;
  /** Rows of queues, and rows of agents that changed only in what was said, are pushed at most this often; the first change at once. */
  readonly queueRowsEveryMs: number;
  readonly ownRowsEveryMs: number;
  /** By address that no trunk names, here: new phone calls. */
  readonly calls: { readonly burst: number; readonly perSec: number };
  /** State feeds are pushed at most this often. */
  readonly statesEveryMs: number;
}

const STANDARD: GatewayLimits = {
  requestsPerMin: 1_200,
  strangerRequestsPerMin: 300,
  unknownKeysPerMin: 60,
  requestTimeoutMs: 30_000,
  jsonMaxBytes: 256 * 1024,
  socketsPerAddress: 500,
  socketsPerVisitor: 20,
  socketsPerUser: 20,
  hellosPerMin: 300,
  startsPerMin: 30,
  startsPerVisitorPerHour: 30,
  helloWithinMs: 5_000,
  frames: { burst: 200, perSec: 50 },
  visitorMessages: { burst: 30, perSec: 10 },
  pendingCommands: 128,
  malformedFrames: 3,
  subscriptionsPerSocket: 300,
  backlogMaxBytes: 1024 * 1024,
  queueRowsEveryMs: 200,
  ownRowsEveryMs: 500,
  statesEveryMs: 200,
  calls: { burst: 20, perSec: 2 },
};

/** After how long a phone that sends nothing is asked whether it is still there. Read by the role sip. */
export interface SilenceLimits {
  /** Of media, until the first question. */
  readonly afterMs: number;
  /** The same of a phone that does not say it knows OPTIONS: some end a call over a request they do not know. */
  readonly afterUnlistedMs: number;
  /** No answer within: not there this time. */
  readonly answerMs: number;
  /** Between two questions while it is not there; the second without an answer ends its leg. */
  readonly retryMs: number;
  /** Between two questions while it is there. */
  readonly againMs: number;
}

export const silenceLimits: SilenceLimits = {
  afterMs: 30_000,
  afterUnlistedMs: 600_000,
  answerMs: 10_000,
  retryMs: 5_000,
  againMs: 60_000,
};

/** The limits with those by address, by visitor and by socket multiplied. `factor` is LIMIT_FACTOR. */
export function limitsFor(factor: number): GatewayLimits {
  const scaled = (limit: number): number => Math.max(1, Math.round(limit * factor));
  const scaledRate = ({ burst, perSec }: GatewayLimits['frames']): GatewayLimits['frames'] => ({
    burst: scaled(burst),
    perSec: perSec * factor,
  });
  return {
    ...STANDARD,
    frames: scaledRate(STANDARD.frames),
    calls: scaledRate(STANDARD.calls),
    visitorMessages: scaledRate(STANDARD.visitorMessages),
    strangerRequestsPerMin: scaled(STANDARD.strangerRequestsPerMin),
    unknownKeysPerMin: scaled(STANDARD.unknownKeysPerMin),
    socketsPerAddress: scaled(STANDARD.socketsPerAddress),
    socketsPerVisitor: scaled(STANDARD.socketsPerVisitor),
    hellosPerMin: scaled(STANDARD.hellosPerMin),
    startsPerMin: scaled(STANDARD.startsPerMin),
    startsPerVisitorPerHour: scaled(STANDARD.startsPerVisitorPerHour),
  };
}
