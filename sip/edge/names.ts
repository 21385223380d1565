/**
 * What DNS says of names (RFC 3263), asked of the system's resolver and remembered for a while, also that there is nothing: calls to one trunk follow each other. Created
 * by `createEdge` and by the transports. A resolver that does not answer costs a call some seconds, not minutes.
 */
import { lookup, Resolver } from 'node:dns/promises';
import { Recent } from './recent.ts';
import type { Clock } from './types.ts';

export interface SrvRecord {
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/** RFC 3403 4.1, as far as RFC 3263 4.1 wants it. */
export interface NaptrRecord {
  readonly order: number;
  readonly preference: number;
  /** `s`: the replacement is a name of SRV records. */
  readonly flags: string;
  /** `SIP+D2U`, `SIP+D2T`, `SIPS+D2T`. */
  readonly service: string;
  readonly replacement: string;
}

/** Nothing instead of an error: a name without such records is no fault. */
export interface Names {
  naptr(name: string): Promise<readonly NaptrRecord[]>;
  srv(name: string): Promise<readonly SrvRecord[]>;
  /** A and AAAA, in the order in which the system would try them. */
  addresses(name: string): Promise<readonly string[]>;
}

const REMEMBERED_MS = 30_000;
const REMEMBERED = 1_000;

/** `instead`: where it is not the system that is asked. */
export function rememberedNames(clock: Clock, instead: Partial<Names> = {}): Names {
  const resolver = new Resolver({ timeout: 1_500, tries: 2 });
  const { naptr, srv, addresses } = instead;
  return {
    naptr: remembered(clock, naptr ?? ((name) => resolver.resolveNaptr(name))),
    srv: remembered(clock, srv ?? ((name) => resolver.resolveSrv(name))),
    addresses: remembered(
      clock,
      addresses ?? (async (name) => (await lookup(name, { all: true, order: 'verbatim' })).map(({ address }) => address)),
    ),
  };
}

function remembered<Found>(clock: Clock, ask: (name: string) => Promise<readonly Found[]>): (name: string) => Promise<readonly Found[]> {
  const known = new Recent<{ readonly found: Promise<readonly Found[]>; readonly until: number }>(REMEMBERED);
  return (name) => {
    const now = clock.now();
    const last = known.get(name);
    if (last && last.until > now) return last.found;
    const found = ask(name).catch(() => []);
    known.set(name, { found, until: now + REMEMBERED_MS });
    return found;
  };
}
