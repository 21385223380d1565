/**
 * The environment, read once at start: the only reader of `process.env`.
 * Created by `main.ts` through `loadEnv`; every problem is reported at once, each with how to mend it.
 * Secrets stand in `secretNames` and never reach a log.
 */
import { isIPv6 } from 'node:net';
import { z } from 'zod';
import { redisServers } from './redisAddress.ts';

export const ROLE_NAMES = ['redis', 'postgres', 'gateway', 'worker', 'edge', 'rtp', 'sip', 'sfu'] as const;
export type RoleName = (typeof ROLE_NAMES)[number];

const port = z.coerce.number().int().min(0).max(65_535);
const flag = z.enum(['0', '1', 'true', 'false']).transform((text) => text === '1' || text === 'true');
const portRange = z
  .string()
  .regex(/^\d{1,5}-\d{1,5}$/, 'write it as LOW-HIGH, e.g. 20000-29999')
  .transform((text) => {
    const [low, high] = text.split('-').map(Number) as [number, number];
    return { low, high };
  })
  .refine((range) => range.low <= range.high && range.high <= 65_535, 'LOW must not exceed HIGH, and HIGH not 65535');

/** RFC 7064, RFC 7065. */
const iceUrls = (scheme: 'stun' | 'turn') =>
  z
    .string()
    .default('')
    .transform((text) =>
      text
        .split(',')
        .map((url) => url.trim())
        .filter(Boolean),
    )
    .pipe(
      z
        .array(
          z
            .string()
            .regex(
              new RegExp(
                `^${scheme}s?:([A-Za-z0-9.-]{1,253}|\\[[0-9A-Fa-f:.]{2,45}\\])(:\\d{1,5})?${scheme === 'turn' ? '(\\?transport=(udp|tcp))?' : ''}$`,
              ),
              `write it as ${scheme}:HOST:PORT`,
            ),
        )
        .max(10),
    );

/** Every setting with its default. Units stand in the names. */
export const envSchema = z
  .object({
    ROLES: z
      .string()
      .default('')
      .transform((text) =>
        text
          .split(',')
          .map((name) => name.trim())
          .filter(Boolean),
      )
      .pipe(z.array(z.enum([...ROLE_NAMES, 'all'])))
      .describe(
        'Roles this process carries, comma separated; empty: supervise one child process per role; "all": every role in one process (debugging)',
      ),
    HTTP_PORT: port.default(8080).describe('HTTP and WebSocket port of the gateway'),
    HTTP_HOST: z.string().default('0.0.0.0').describe('Address the gateway listens on'),
    GATEWAYS: z.coerce.number().int().min(1).max(64).default(1).describe('Gateway processes the supervisor starts; they share HTTP_PORT'),
    WORKERS: z.coerce.number().int().min(1).max(64).default(1).describe('Worker processes the supervisor starts'),
    RTC_PORT: port.default(4400).describe('First UDP and TCP port of the SFU; one per mediasoup worker'),
    SIP_HOST: z.string().default('0.0.0.0').describe('Address the embedded edge listens on; "::" for IPv6 and IPv4'),
    SIP_PORT: port.default(5060).describe('SIP port of the embedded edge, UDP and TCP'),
    SIP_TLS_PORT: port.default(5061).describe('SIP over TLS, with TLS_CERT and TLS_KEY'),
    SIP_WS_PORT: port.default(5066).describe('SIP over WebSocket (RFC 7118); with TLS_CERT and TLS_KEY over WSS'),
    SIPS: z.coerce.number().int().min(1).max(64).default(1).describe('Processes of the SIP application the supervisor starts'),
    RTPS: z.coerce
      .number()
      .int()
      .min(1)
      .max(64)
      .default(1)
      .describe('Processes of phone media the supervisor starts; they share RTP_PORTS'),
    DRACHTIO_HOST: z.string().min(1).optional().describe('A drachtio-server to use in place of the embedded edge'),
    DRACHTIO_PORT: port.default(9022).describe('Its port for applications'),
    DRACHTIO_SECRET: z.string().min(1).default('cymru').describe('Its secret'),
    RTP_PORTS: portRange.default({ low: 20_000, high: 29_999 }).describe('UDP ports for phone media'),
    DATA_DIR: z.string().min(1).default('.data').describe('Folder for the embedded Redis, PostgreSQL and uploaded files'),
    WEB_DIST: z
      .string()
      .min(1)
      .optional()
      .describe('Folder with the built web clients; absent: DATA_DIR/web, where the supervisor builds them'),
    PUBLIC_HOST: z
      .string()
      .trim()
      .transform((host) => host.replace(/^\[(.*)\]$/, '$1'))
      .refine(
        (host) => /^[A-Za-z0-9._-]{0,253}$/.test(host) || isIPv6(host),
        'write the bare name or address, such as center.example.org: no http:// before it, no path behind it, and a port in PUBLIC_PORT',
      )
      .default('')
      .describe('Host name or address that clients reach this server by; empty: the request says'),
    PUBLIC_PORT: port
      .default(0)
      .describe('Port that browsers reach PUBLIC_HOST by; 0: HTTP_PORT, or behind a proxy (TRUST_PROXY) the usual one of HTTPS'),
    REDIS_URL: z
      .string()
      .refine(
        (url) => redisServers(url).length > 0,
        'write it as redis://:PASSWORD@HOST:PORT or redis+cluster://:PASSWORD@HOST:PORT,HOST:PORT',
      )
      .optional()
      .describe('An existing Redis or Valkey (rediss: with TLS), or some nodes of a Redis Cluster; absent: an embedded one under DATA_DIR'),
    REDIS_PORT: port.default(0).describe('Port of the embedded Redis on 127.0.0.1; 0: chosen once and kept in DATA_DIR'),
    DATABASE_URL: z
      .url({ protocol: /^postgres(ql)?$/ })
      .optional()
      .describe('An existing PostgreSQL; absent: an embedded one under DATA_DIR'),
    POSTGRES_PORT: port.default(0).describe('Port of the embedded PostgreSQL on 127.0.0.1; 0: chosen once and kept in DATA_DIR'),
    TLS_CERT: z.string().optional().describe('PEM file with the certificate chain; with TLS_KEY the gateway serves HTTPS and WSS'),
    TLS_KEY: z.string().optional().describe('PEM file with the private key'),
    TRUST_PROXY: flag.default(false).describe('Take the client address from X-Forwarded-For (only behind a proxy of yours)'),
    SECRET_KEY: z
      .string()
      .min(32, 'at least 32 characters')
      .optional()
      .describe('Key that seals secrets at rest; absent: made once and kept in DATA_DIR'),
    LOG_LEVEL: z
      .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
      .default('info')
      .describe('Least severe level that is logged'),
    LOG_BUDGET_BYTES: z.coerce
      .number()
      .int()
      .min(1_000_000)
      .default(512_000_000)
      .describe('Bytes of untrimmed event log per partition above which new interactions are refused'),
    HISTORY_MONTHS: z.coerce
      .number()
      .int()
      .min(0)
      .max(240)
      .default(0)
      .describe(
        'Whole months of conversations that are kept before the running one; older ones are removed with their files; 0: all are kept',
      ),
    REPAIRS: flag
      .default(true)
      .describe(
        'Whether workers repair: the reconciler, and the sweep of deadlines whose timer was lost. Off only to show that nothing else needs it; offers expire and processes that died are noticed all the same',
      ),
    DEMO: flag.default(true).describe('Seed the demo account on an empty database'),
    DRAIN_SEC: z.coerce.number().int().min(0).max(3_600).default(5).describe('Seconds a stopping gateway gives its sockets to move'),
    LIMIT_FACTOR: z.coerce
      .number()
      .min(0.01)
      .max(10_000)
      .default(1)
      .describe('Multiplies the limits by client address, visitor and socket; raise it when many clients share one address'),
    METRICS_TOKEN: z
      .string()
      .min(16, 'at least 16 characters')
      .optional()
      .describe('Bearer token for /metrics; absent: only loopback may read it'),
    STUN_URLS: iceUrls('stun').describe('STUN servers that browsers are told of, comma separated: stun:HOST[:PORT]'),
    TURN_URLS: iceUrls('turn').describe(
      'TURN servers that browsers are told of, comma separated: turn:HOST[:PORT][?transport=tcp] or turns:…; for networks that let nothing else through',
    ),
    TURN_SECRET: z
      .string()
      .min(16, 'at least 16 characters')
      .optional()
      .describe('The secret they share with us (static-auth-secret of coturn), from which credentials that run out are made'),
    TURN_TTL_SEC: z.coerce
      .number()
      .int()
      .min(60)
      .max(86_400)
      .default(14_400)
      .describe('For so long such credentials are valid; a relay begun with them ends then'),
    MEDIASOUP_WORKER_BIN: z.string().optional().describe('A mediasoup worker binary to use in place of the one found or built'),
    NODE_ID: z
      .string()
      .regex(/^[a-z0-9-]{1,40}$/)
      .optional()
      .describe(
        'Name of this process in leases and metrics, to which each start adds an ending of its own; absent: its role and process id',
      ),
  })
  .refine((env) => (env.TLS_CERT === undefined) === (env.TLS_KEY === undefined), {
    message: 'TLS_CERT and TLS_KEY go together: set both or neither',
    path: ['TLS_CERT'],
    // Also when other settings are wrong: all problems are told at once.
    when: () => true,
  })
  .refine((env) => (env.TURN_URLS.length === 0) === (env.TURN_SECRET === undefined), {
    message: 'TURN_URLS and TURN_SECRET go together: set both or neither',
    path: ['TURN_URLS'],
    when: () => true,
  })
  .superRefine((env, context) => {
    const needs = (['gateway', 'worker', 'edge', 'rtp', 'sip', 'sfu'] as const).filter((role) => env.ROLES.includes(role));
    if (needs.length === 0 || env.ROLES.includes('all')) return;
    const lack = (path: string, embedded: string) =>
      context.addIssue({ code: 'custom', path: [path], message: `ROLES ${needs.join(', ')} need it, or the role ${embedded} beside them` });
    if (env.REDIS_URL === undefined && !env.ROLES.includes('redis')) lack('REDIS_URL', 'redis');
    if (env.DATABASE_URL === undefined && !env.ROLES.includes('postgres') && needs.some((role) => role === 'gateway' || role === 'worker'))
      lack('DATABASE_URL', 'postgres');
  });

export type Env = z.infer<typeof envSchema>;

export const secretNames: readonly (keyof Env)[] = [
  'REDIS_URL',
  'DATABASE_URL',
  'SECRET_KEY',
  'METRICS_TOKEN',
  'DRACHTIO_SECRET',
  'TURN_SECRET',
];

/** Thrown by `loadEnv`: the message lists every wrong setting, one a line, with how to mend it. */
export class EnvError extends Error {
  override name = 'EnvError';
}

/** Reads and checks all settings. @throws EnvError naming every problem; values of secrets are never repeated. */
export function loadEnv(source: Record<string, string | undefined> = process.env): Env {
  const present = Object.fromEntries(Object.entries(source).filter(([, value]) => value !== undefined && value !== ''));
  const result = envSchema.safeParse(present);
  if (result.success) return result.data;
  const lines = result.error.issues.map((issue) => {
    const name = issue.path.length > 0 ? String(issue.path[0]) : 'environment';
    const about = envSchema.shape[name as keyof typeof envSchema.shape]?.description;
    return `  ${name}: ${issue.message}${about ? ` — ${about}` : ''}`;
  });
  throw new EnvError(`The configuration has ${lines.length} problem${lines.length === 1 ? '' : 's'}:\n${lines.join('\n')}`);
}
