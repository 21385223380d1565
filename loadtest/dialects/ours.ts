/**
 * Our own protocol as the load generator speaks it: the frames of `src/protocol/frames.ts`, written and recognised without parsing while measuring.
 * A desk is a signed-in agent who claimed the conversations and follows them and its own list; a room is a visitor with many tabs, one of them writing.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { addressOf } from '../../test/support/workspace.ts';
import type { Target } from '../orders.ts';
import type { Dialect, Seat, Talk } from './dialect.ts';
import { Wire } from './wire.ts';

type OurTarget = Extract<Target, { kind: 'ours' }>;
type Body = Record<string, unknown>;

const EVENT = Buffer.from('{"t":"event"');
const SENT = Buffer.from('"message.sent"');
const PING_EVERY_MS = 20_000;
const RETRY_MS = 500;

export function oursDialect(target: OurTarget, onFrame: (frame: Buffer, wire: Wire) => void): Dialect {
  const connect = async (gateway: number): Promise<Wire> => {
    // Each socket comes from an address of its own, as behind a proxy: limits are per address.
    const wire = await Wire.open(`ws://127.0.0.1:${target.ports[gateway % target.ports.length]}/ws`, {
      'x-forwarded-for': addressOf(++addresses),
    });
    wire.onFrame = onFrame;
    wire.keepAlive('{"t":"ping","id":999999999}', PING_EVERY_MS);
    return wire;
  };
  const greetVisitor = (wire: Wire, token?: string): Promise<Body> =>
    command(wire, { t: 'hello', v: 1, as: 'visitor', group: target.group, ...(token ? { token } : {}) });
  const follow = (wire: Wire, interaction: string): Promise<Body> => command(wire, { t: 'subscribe', feed: `conversation:${interaction}` });
  const seat = (wire: Wire, interaction: string): Seat => ({
    wire,
    send: (mid, text) => wire.send(`{"t":"chat.send","id":${nextId++},"interaction":"${interaction}","mid":"${mid}","text":"${text}"}`),
  });
  /** A visitor who has opened a conversation. */
  const openConversation = async (wire: Wire, key: string): Promise<string> => {
    const started = await command(wire, { t: 'chat.start', key, text: 'Good morning' });
    const { id } = started.interaction as { id: string };
    await follow(wire, id);
    return id;
  };
  return {
    async openDesk(index, conversations): Promise<Talk[]> {
      const token = target.agentTokens[index];
      if (!token) throw new Error(`there are ${target.agentTokens.length} agents, desk ${index} needs one more`);
      const wire = await connect(index);
      const hello = await command(wire, { t: 'hello', v: 1, as: 'agent', token, device: { id: 'bench', name: 'Load generator' } });
      await command(wire, { t: 'subscribe', feed: `agent:${(hello.agent as { id: string }).id}` });
      await command(wire, { t: 'agent.signIn', key: newKey() });
      const talks: Talk[] = [];
      for (let place = 0; place < conversations; place++) {
        const visitor = await connect(index + 1);
        await greetVisitor(visitor);
        const interaction = await openConversation(visitor, newKey());
        await command(wire, { t: 'interaction.claim', key: newKey(), interaction });
        await follow(wire, interaction);
        const [agentSeat, visitorSeat] = [seat(wire, interaction), seat(visitor, interaction)];
        talks.push({ from: agentSeat, to: [visitorSeat] }, { from: visitorSeat, to: [agentSeat] });
      }
      return talks;
    },
    async openRoom(index, audience) {
      const wire = await connect(index);
      const { token } = await greetVisitor(wire);
      const interaction = await openConversation(wire, newKey());
      const to = await Promise.all(
        Array.from({ length: audience }, async (_, place) => {
          const tab = await connect(place);
          await greetVisitor(tab, String(token));
          await follow(tab, interaction);
          return seat(tab, interaction);
        }),
      );
      return { from: seat(wire, interaction), to };
    },
    async openIdle(index) {
      const wire = await connect(index);
      await greetVisitor(wire);
      return wire;
    },
    isDelivery: (frame) => frame.compare(EVENT, 0, EVENT.length, 0, EVENT.length) === 0 && frame.includes(SENT),
  };
}

let addresses = 0;
let nextId = 1;
let keys = 0;
const newKey = (): string => `bench-${process.pid}-${keys++}`;

/** Sends a command and waits for its reply; waits and repeats when the server asks for patience. @throws when it is refused. */
async function command(wire: Wire, frame: Body): Promise<Body> {
  for (;;) {
    const id = nextId++;
    const answer = JSON.parse(String(await wire.ask(JSON.stringify({ ...frame, id }), (candidate) => isAnswerTo(candidate, id)))) as {
      t: string;
      body?: Body;
      code?: string;
      isRetryable?: boolean;
      retryAfterSec?: number;
    };
    if (answer.t === 'reply') return answer.body ?? {};
    if (!answer.isRetryable) throw new Error(`${String(frame.t)} was refused: ${answer.code}`);
    await wait((answer.retryAfterSec ?? 0) * 1_000 || RETRY_MS);
  }
}

function isAnswerTo(frame: Buffer, id: number): boolean {
  const parsed = JSON.parse(frame.toString()) as { t: string; id?: number };
  return (parsed.t === 'reply' || parsed.t === 'error') && parsed.id === id;
}
