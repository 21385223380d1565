/**
 * What stands in Redis for a scene, as of one moment, read by one script of the tests' own (not the engine's reads, which are tested with it):
 * the interactions asked for and those begun since the last look, agents, indexes, deadlines, and the log since then.
 */
import { createHash } from 'node:crypto';
import type { Medium } from '../../../queues/config.ts';
import type { Redis } from '../../../queues/redis.ts';
import { toFields } from '../../../queues/replies.ts';

const DUMP = `
local B, call = KEYS[1], redis.call
local wanted = cjson.decode(ARGV[1])
local out = { meta = call('HGETALL', B .. ':meta'), i = {}, a = {}, q = {} }
out.log = {}
for _, entry in ipairs(call('XRANGE', B .. ':log', '(' .. ARGV[2], '+')) do
  local h = entry[2]
  local row = { entry[1] }
  for k = 1, #h, 2 do
    if h[k] == 't' then row[2] = h[k + 1] elseif h[k] == 'at' then row[3] = tonumber(h[k + 1]) elseif h[k] == 'd' then row[4] = h[k + 1] end
  end
  out.log[#out.log + 1] = row
  if row[2] == 'interaction.created' then wanted.interactions[#wanted.interactions + 1] = cjson.decode(row[4]).i end
end
for _, i in ipairs(wanted.interactions) do
  out.i[#out.i + 1] = { i, call('HGETALL', B .. ':i:' .. i), call('HKEYS', B .. ':ic:' .. i) }
end
for _, a in ipairs(wanted.agents) do
  out.a[#out.a + 1] = { a, call('HGETALL', B .. ':a:' .. a), call('SMEMBERS', B .. ':as:' .. a), call('SMEMBERS', B .. ':at:' .. a),
    call('HGETALL', B .. ':pq:' .. a), call('HGETALL', B .. ':ao:' .. a), call('ZRANGE', B .. ':ai:' .. a, 0, -1), call('HGETALL', B .. ':aw:' .. a),
    call('ZRANGE', B .. ':ap:' .. a, 0, -1), call('HGETALL', B .. ':al:' .. a) }
end
for _, q in ipairs(wanted.queues) do
  local waiting = call('ZRANGE', B .. ':w:' .. q, 0, -1, 'WITHSCORES')
  for _, key in ipairs(call('ZRANGE', B .. ':wk:' .. q, 0, -1)) do
    for _, signature in ipairs(call('ZRANGE', B .. ':wk:' .. q .. '#' .. key, 0, -1)) do
      for _, part in ipairs(call('ZRANGE', B .. ':w:' .. q .. '#' .. signature, 0, -1, 'WITHSCORES')) do waiting[#waiting + 1] = part end
    end
  end
  out.q[#out.q + 1] = { q, waiting, call('ZRANGE', B .. ':ws:' .. q, 0, -1), call('ZRANGE', B .. ':r:' .. q, 0, -1, 'WITHSCORES'),
    call('SMEMBERS', B .. ':on:' .. q), call('SMEMBERS', B .. ':ps:' .. q) }
end
out.due = call('ZRANGE', B .. ':due:offer', 0, -1, 'WITHSCORES')
for _, part in ipairs(call('ZRANGE', B .. ':due:knock', 0, -1, 'WITHSCORES')) do out.due[#out.due + 1] = part end
return cjson.encode(out)`;
const SHA = createHash('sha1').update(DUMP).digest('hex');

export interface StoredInteraction {
  readonly id: string;
  /** undefined: it has left Redis. */
  readonly fields: Readonly<Record<string, string>>;
  readonly connections: readonly string[];
}

export interface StoredAgent {
  readonly id: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly queues: readonly string[];
  readonly temporary: readonly string[];
  readonly pausedIn: Readonly<Record<string, string>>;
  /** Interaction → token. */
  readonly offers: Readonly<Record<string, string>>;
  readonly owned: readonly string[];
  /** Interaction → until. */
  readonly wrapUps: readonly { readonly interaction: string; readonly until: number; readonly queue: string; readonly medium: string }[];
  readonly joined: readonly string[];
  readonly loadByQueue: Readonly<Record<string, number>>;
}

export interface StoredQueue {
  readonly id: string;
  /** Interaction → score, of all buckets. */
  readonly waiting: ReadonlyMap<string, number>;
  /** Those that wait with needs. */
  readonly needy: readonly string[];
  readonly ready: ReadonlyMap<string, number>;
  readonly online: readonly string[];
  readonly paused: readonly string[];
}

export interface StoredEvent {
  readonly id: string;
  readonly type: string;
  readonly at: number;
  // biome-ignore lint/suspicious/noExplicitAny: bodies are judged by the model, field by field.
  readonly body: any;
}

export interface Snapshot {
  readonly now: number;
  readonly interactions: ReadonlyMap<string, StoredInteraction>;
  readonly agents: ReadonlyMap<string, StoredAgent>;
  readonly queues: ReadonlyMap<string, StoredQueue>;
  /** Member (`kind|id|token`) → due (ms). */
  readonly deadlines: ReadonlyMap<string, number>;
  readonly events: readonly StoredEvent[];
}

export interface Wanted {
  readonly interactions: readonly string[];
  readonly agents: readonly string[];
  readonly queues: readonly string[];
}

/** `base`: prefix of the partition. `after`: id of the last log entry seen, `0` at first. */
export async function readSnapshot(redis: Redis, base: string, wanted: Wanted, after = '0'): Promise<Snapshot> {
  const args = [base, JSON.stringify(wanted), after] as const;
  const text = await redis.evalsha(SHA, 1, ...args).catch(() => redis.eval(DUMP, 1, ...args));
  const raw = JSON.parse(String(text)) as Raw;
  return {
    now: Number(toFields(raw.meta)['now'] ?? 0),
    interactions: new Map(
      list(raw.i).map(([id, flat, connections]) => [id, { id, fields: toFields(flat), connections: list(connections) }]),
    ),
    agents: new Map(list(raw.a).map((row) => [row[0], toStoredAgent(row)])),
    queues: new Map(
      list(raw.q).map(([id, waiting, needy, ready, online, paused]) => [
        id,
        { id, waiting: scores(waiting), needy: list(needy), ready: scores(ready), online: list(online), paused: list(paused) },
      ]),
    ),
    deadlines: scores(raw.due),
    events: list(raw.log).map(([id, type, at, body]) => ({ id, type, at, body: JSON.parse(body) })),
  };
}

/** cjson writes an empty list as an object. */
type List<Item> = readonly Item[] | Record<string, never>;
type Texts = List<string>;
interface Raw {
  readonly meta: Texts;
  readonly i: List<[string, Texts, Texts]>;
  readonly a: List<[string, Texts, Texts, Texts, Texts, Texts, Texts, Texts, Texts, Texts]>;
  readonly q: List<[string, Texts, Texts, Texts, Texts, Texts]>;
  readonly due: Texts;
  readonly log: List<[string, string, number, string]>;
}

const list = <Item>(raw: List<Item>): readonly Item[] => (Array.isArray(raw) ? raw : []);

function scores(flat: Texts): Map<string, number> {
  return new Map(Object.entries(toFields(flat)).map(([member, score]) => [member, Number(score)]));
}

function toStoredAgent([id, fields, queues, temporary, pausedIn, offers, owned, wrapUps, joined, loads]: Exclude<
  Raw['a'],
  Record<string, never>
>[number]): StoredAgent {
  return {
    id,
    fields: toFields(fields),
    queues: list(queues),
    temporary: list(temporary),
    pausedIn: toFields(pausedIn),
    offers: toFields(offers),
    owned: list(owned),
    wrapUps: Object.entries(toFields(wrapUps)).map(([interaction, entry]) => {
      const [until, queue = '', medium = 'chat'] = entry.split('|');
      return { interaction, until: Number(until), queue, medium };
    }),
    joined: list(joined),
    loadByQueue: Object.fromEntries(Object.entries(toFields(loads)).map(([queue, load]) => [queue, Number(load)])),
  };
}

/** The medium an open interaction is carried by; 0.1.0 knew chat alone. */
export const mediumOf = (stored: StoredInteraction | undefined): Medium => (stored?.fields['ch'] ?? 'chat') as Medium;
