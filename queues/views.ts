/** Snapshots: reads that are consistent with the feed offset they return. Created by the engine. */
import type { InteractionView, Message } from '../src/protocol/views.ts';
import type { Commands } from './commands.ts';
import type { Scope, Views } from './engine.ts';
import { toFigures } from './figures.ts';
import { partitionKey } from './keys.ts';
import type { Redis } from './redis.ts';
import { toAgent, toInteraction, toMessages } from './replies.ts';

const SNAPSHOT_MESSAGES = 50;
/** Feed entries read at a time while looking for messages among the events. */
const PAGE = 150;
/** Rows of an overview read at a time. */
const ROWS = 25;

export function createViews(commands: Commands, redis: Redis, prefix: string): Views {
  /** Reads backwards until `limit` messages are found or the feed begins. */
  async function page(scope: Scope, id: string, before: number | undefined, limit: number) {
    const first = await commands.read('readConversation', scope.partition, [id, scope.accountId, before ?? '', PAGE]);
    if (!first) return undefined;
    let entries = first[2] as unknown[];
    const messages: Message[] = toMessages(entries);
    let reached = lowestOff(entries);
    while (messages.length <= limit && entries.length === PAGE) {
      const next = await commands.read('readConversation', scope.partition, [id, scope.accountId, reached, PAGE]);
      entries = (next?.[2] as unknown[] | undefined) ?? [];
      messages.unshift(...toMessages(entries));
      reached = lowestOff(entries);
    }
    return { epoch: String(first[0]), view: first[1], messages: messages.slice(-limit), hasEarlier: messages.length > limit };
  }

  async function interactionsOf(scope: Scope, ids: readonly string[]): Promise<InteractionView[]> {
    const read = await Promise.all(ids.map((id) => commands.read('readConversation', scope.partition, [id, scope.accountId, '', 0])));
    return ids.flatMap((id, index) => toInteraction(id, read[index]?.[1]) ?? []);
  }

  return {
    async conversation(scope, id) {
      const read = await page(scope, id, undefined, SNAPSHOT_MESSAGES);
      const interaction = read && toInteraction(id, read.view);
      if (!interaction) return undefined;
      return { cursor: { epoch: read.epoch, off: interaction.off }, interaction, messages: read.messages, hasEarlier: read.hasEarlier };
    },

    async earlierMessages(scope, id, before, limit) {
      const read = await page(scope, id, before, limit);
      return read && { messages: read.messages, hasEarlier: read.hasEarlier };
    },

    async interaction(scope, id) {
      return (await interactionsOf(scope, [id]))[0];
    },

    async call(scope, id) {
      const [account, call] = await redis.hmget(`${partitionKey(prefix, scope.partition)}:i:${id}`, 'acc', 'call');
      return account === scope.accountId ? (call ?? undefined) : undefined;
    },

    async room(scope, id) {
      const [account, room] = await redis.hmget(`${partitionKey(prefix, scope.partition)}:i:${id}`, 'acc', 'room');
      return account === scope.accountId ? (room ?? undefined) : undefined;
    },

    async agent(scope, id) {
      const answer = await commands.read('readAgent', scope.partition, [id, scope.accountId, 1]);
      if (!answer) return undefined;
      const offers = (answer[3] as [string, string, string][]).map(([interaction, token, due]) => ({
        interaction,
        token,
        expiresAt: Number(due),
      }));
      const interactions = (answer[6] as [string, unknown][]).flatMap(([interaction, flat]) => toInteraction(interaction, flat) ?? []);
      const fields = answer[1] as readonly string[];
      const off = Number(fields[fields.indexOf('off') + 1] ?? 0);
      return {
        cursor: { epoch: String(answer[0]), off: fields.includes('off') ? off : 0 },
        agent: toAgent(id, answer),
        offers,
        interactions,
      };
    },

    async agentState(scope, id) {
      const answer = await commands.read('readAgent', scope.partition, [id, scope.accountId, 0]);
      return answer && toAgent(id, answer);
    },

    async queue(scope, id) {
      const answer = await commands.read('readQueue', scope.partition, [id, scope.accountId]);
      if (!answer) return undefined;
      // The rows are read after the offset, some at a time, so that nobody waits for all of them: what changes meanwhile is told again behind it.
      const ids = answer[2] as string[];
      const parts = Array.from({ length: Math.ceil(ids.length / ROWS) }, (_, part) => ids.slice(part * ROWS, (part + 1) * ROWS));
      const read = await Promise.all(parts.map((part) => commands.read('readRows', scope.partition, [scope.accountId, ...part])));
      const rows = read.flatMap((part) => (part ?? []) as [string, unknown][]);
      const interactions = rows
        .flatMap(([interaction, flat]) => toInteraction(interaction, flat) ?? [])
        .filter(({ queue, state }) => queue === id && state !== 'closed');
      return { cursor: { epoch: String(answer[0]), off: Number(answer[1]) }, interactions };
    },

    async figures(scope, id, { withOccupancy = false } = {}) {
      const answer = await commands.read('readFigures', scope.partition, [commands.virtualNow, id, scope.accountId, withOccupancy ? 1 : 0]);
      return answer && toFigures(id, answer);
    },

    async place(scope, id) {
      const answer = await commands.read('readPlace', scope.partition, [commands.virtualNow, id, scope.accountId]);
      if (!answer) return undefined;
      return { position: Number(answer[0]) + 1, estimatedWaitMs: answer[1] === '' ? undefined : Number(answer[1]) };
    },

    async countNeeding(scope, id, skill) {
      const base = partitionKey(prefix, scope.partition);
      const isAsking = (needs: string | null | undefined) => needs?.split(',').some((need) => need.startsWith(`${skill}=`)) ?? false;
      const signatures = (await redis.hkeys(`${base}:wb:${id}`)).filter(isAsking);
      const waiting = await Promise.all(signatures.map((signature) => redis.zcard(`${base}:w:${id}#${signature}`)));
      // What rings comes back with its needs when nobody answers.
      const open = await redis.zrange(`${base}:qo:${id}`, 0, -1);
      const states = await Promise.all(open.map((each) => redis.hmget(`${base}:i:${each}`, 'st', 'need')));
      const ringing = states.filter(([state, needs]) => state === 'offered' && isAsking(needs)).length;
      return waiting.reduce((sum, count) => sum + count, ringing);
    },

    async ofContact(scope, id) {
      const ids = await redis.zrevrange(`${partitionKey(prefix, scope.partition)}:v:${id}`, 0, 19);
      return interactionsOf(scope, ids);
    },

    temporaryQueues(scope, id) {
      return redis.smembers(`${partitionKey(prefix, scope.partition)}:at:${id}`);
    },

    async agents(scope, { after = '', limit }) {
      const all = await redis.smembers(`${partitionKey(prefix, scope.partition)}:ags:${scope.accountId}`);
      const left = all.filter((id) => id > after).sort();
      const ids = left.slice(0, limit);
      const answers = await Promise.all(ids.map((id) => commands.read('readAgent', scope.partition, [id, scope.accountId, 0])));
      const agents = ids.flatMap((id, index) => {
        const answer = answers[index];
        return answer ? [toAgent(id, answer)] : [];
      });
      const next = ids.at(-1);
      return left.length > limit && next !== undefined ? { agents, next } : { agents };
    },
  };
}

function lowestOff(entriesNewestFirst: readonly unknown[]): number {
  const last = entriesNewestFirst.at(-1) as [string, unknown] | undefined;
  return last ? Number(last[0].slice(0, last[0].indexOf('-'))) : 0;
}
