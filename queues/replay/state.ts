/**
 * A partition's state as text that two Redis servers can be compared by: one line per key, keys and members sorted, whatever the order and
 * the encoding inside. Left out, because they are not decided by commands: the log (its ids are the server's clock), the shelf and the workers' holds
 * (written without scripts), when a session was last used, how far the partition is ahead of a clock that was set back, recording and replay themselves.
 * Of a time to live only that there is one: the moment depends on the millisecond in which Redis began the script.
 */
import type { Redis } from '../redis.ts';

const SCAN_COUNT = 1_000;
/** Keys read at a time. */
const AT_ONCE = 100;
const LEFT_OUT = new Set(['log', 'rec', 'copied', 'worker', 'exp', 'given']);
const META_LEFT_OUT = new Set(['rec', 'virtual', 'ahead']);

const byText = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);

/** Names of the partition's keys that count, without its prefix, sorted. */
async function namesOf(redis: Redis, base: string): Promise<string[]> {
  const names = new Set<string>();
  let cursor = '0';
  do {
    const [next, keys] = await redis.scan(cursor, 'MATCH', `${base}:*`, 'COUNT', SCAN_COUNT);
    cursor = next;
    for (const key of keys) {
      const name = key.slice(base.length + 1);
      if (!LEFT_OUT.has(name) && !name.startsWith('sh:')) names.add(name);
    }
  } while (cursor !== '0');
  return [...names].sort(byText);
}

function pairs(flat: readonly string[]): [string, string][] {
  return Array.from({ length: flat.length / 2 }, (_, at) => [flat[2 * at] ?? '', flat[2 * at + 1] ?? '']);
}

async function contentOf(redis: Redis, key: string, name: string): Promise<unknown> {
  const type = await redis.type(key);
  switch (type) {
    case 'string':
      return redis.get(key);
    case 'list':
      return redis.lrange(key, 0, -1);
    case 'set':
      return (await redis.smembers(key)).sort(byText);
    case 'zset':
      return pairs(await redis.zrange(key, 0, -1, 'WITHSCORES')).sort(([left], [right]) => byText(left, right));
    case 'stream':
      return redis.xrange(key, '-', '+');
    case 'hash': {
      const fields = Object.entries(await redis.hgetall(key)).sort(([left], [right]) => byText(left, right));
      if (name === 'meta') return fields.filter(([field]) => !META_LEFT_OUT.has(field));
      return name.startsWith('ss:') ? fields.filter(([field]) => field !== 'seen') : fields;
    }
    default:
      return type;
  }
}

/** Key by key, in order: name and line. Expiring keys are those of Redis, or (replayed) of `exp`. */
export async function* canonicalState(redis: Redis, base: string): AsyncGenerator<{ readonly name: string; readonly line: string }> {
  const names = await namesOf(redis, base);
  const expiring = new Set(await redis.zrange(`${base}:exp`, 0, -1));
  for (let from = 0; from < names.length; from += AT_ONCE) {
    const some = names.slice(from, from + AT_ONCE);
    const contents = await Promise.all(some.map((name) => contentOf(redis, `${base}:${name}`, name)));
    for (const [index, name] of some.entries()) {
      yield { name, line: `${name}${expiring.has(`${base}:${name}`) ? ' (expires)' : ''} ${JSON.stringify(contents[index])}` };
    }
  }
}

export interface Difference {
  readonly name: string;
  /** Undefined: there is no such key. */
  readonly left: string | undefined;
  readonly right: string | undefined;
}

/** What differs between two states, at most `most` of it. */
export async function differences(
  left: AsyncGenerator<{ name: string; line: string }>,
  right: AsyncGenerator<{ name: string; line: string }>,
  most = 20,
): Promise<Difference[]> {
  const found: Difference[] = [];
  let [one, other] = [await left.next(), await right.next()];
  while (found.length < most && (!one.done || !other.done)) {
    const order = one.done ? 1 : other.done ? -1 : byText(one.value.name, other.value.name);
    const mine = !one.done && order <= 0 ? one.value : undefined;
    const theirs = !other.done && order >= 0 ? other.value : undefined;
    if (mine?.line !== theirs?.line) found.push({ name: mine?.name ?? theirs?.name ?? '', left: mine?.line, right: theirs?.line });
    if (mine) one = await left.next();
    if (theirs) other = await right.next();
  }
  return found;
}
