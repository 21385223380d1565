/** Nothing is lost and nothing comes twice, however the connection breaks (API-2). */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CLOSE } from '../../src/base/errors.ts';
import { until } from '../support/services.ts';
import type { Frame, RawSocket } from './support/rawSocket.ts';
import { key, type Person, type Tenant, type Visitor, World } from './support/world.ts';

let world: World;
let tenant: Tenant;
let anna: Person;

beforeAll(async () => {
  world = await World.start();
  await world.addGateway();
  tenant = await world.tenant();
  anna = await world.person(tenant, 'Anna');
});
afterAll(() => world.close());

/** A reader that follows one conversation over any number of sockets and holds what it was told to the rules of the protocol. */
class Reader {
  readonly texts: string[] = [];
  #cursor: { epoch: string; off: number } | undefined;
  #socket: RawSocket | undefined;
  #handled = 0;
  readonly #feed: string;

  constructor(interaction: string) {
    this.#feed = `conversation:${interaction}`;
  }

  /** Follows over a new socket; `meanwhile` runs as the subscription is on its way, so that it meets what is being said. */
  async follow(visitor: Visitor, port: number, meanwhile: () => void = () => undefined): Promise<void> {
    const { socket } = await world.visitor(tenant, { token: visitor.token, port });
    this.#socket = socket;
    this.#handled = 0;
    const answering = socket.reply({ t: 'subscribe', feed: this.#feed, ...(this.#cursor ? { cursor: this.#cursor } : {}) });
    meanwhile();
    const answer = await answering;
    if (this.#cursor) expect(answer).toEqual({ mode: 'resumed', feed: this.#feed, cursor: this.#cursor });
    else {
      this.#cursor = answer.cursor;
      this.texts.push(...answer.snapshot.messages.map(({ text }: Frame) => text));
    }
    this.take();
  }

  /** Looks at what has come; every event must follow the one before it. */
  take(): void {
    const events = this.#socket?.events(this.#feed) ?? [];
    for (const frame of events.slice(this.#handled)) {
      expect(frame.prev).toBe(this.#cursor?.off);
      this.#cursor = { epoch: frame.epoch, off: frame.off };
      if (frame.event.type === 'message.sent') this.texts.push(frame.event.message.text);
    }
    this.#handled = events.length;
  }

  cut(): void {
    this.#socket?.cut();
    this.take();
  }

  async has(count: number): Promise<void> {
    await until(
      () => {
        this.take();
        return this.texts.length >= count;
      },
      { what: `${count} messages` },
    );
  }
}

describe('API-2 resume', () => {
  test('API-2 random cuts while messages flow leave no gap and no repeat', async () => {
    const writer = await world.visitor(tenant);
    const interaction = await world.chat(writer, '0');
    let sent = 1;
    const reader = new Reader(interaction);
    await reader.follow(writer, world.port);
    const step = fc.record({
      messages: fc.integer({ min: 0, max: 6 }),
      isCut: fc.boolean(),
      gateway: fc.integer({ min: 0, max: 1 }),
      isWaiting: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
        for (const { messages, isCut, gateway, isWaiting } of steps) {
          const replies: Promise<Frame>[] = [];
          const say = (): void => {
            for (let count = 0; count < messages; count++)
              replies.push(writer.socket.ask({ t: 'chat.send', interaction, mid: key(), text: String(sent++) }));
          };
          say();
          if (isWaiting) await Promise.all(replies);
          if (isCut) {
            reader.cut();
            await reader.follow(writer, world.gateways[gateway]?.port ?? 0, say);
          }
          await Promise.all(replies);
        }
        await reader.has(sent);
        expect(reader.texts).toEqual(Array.from({ length: sent }, (_, number) => String(number)));
      }),
      { numRuns: 12, seed: 20_261_121 },
    );
    writer.socket.close();
    reader.cut();
  });

  test('API-2 a slow reader is closed as slow and resumes where it stood', async () => {
    const writer = await world.visitor(tenant);
    const interaction = await world.chat(writer, '0');
    const desk = await world.desk(anna);
    await desk.reply({ t: 'interaction.claim', key: key(), interaction });
    const slow = await world.visitor(tenant, { token: writer.token });
    const feed = `conversation:${interaction}`;
    await slow.socket.reply({ t: 'subscribe', feed });
    slow.socket.pause();
    const text = 'x'.repeat(4_000);
    let count = 0;
    // More than the sockets' buffers in the kernel and our limit take together.
    for (; count < 4_000 && !(await metric('centralino_socket_closes_total{reason="slow"')); count += 100) {
      const mids = Array.from({ length: 100 }, () => desk.ask({ t: 'chat.send', interaction, mid: key(), text }));
      for (const answer of await Promise.all(mids)) expect(answer.t).toBe('reply');
    }
    slow.socket.resume();
    expect(await slow.socket.closed()).toBe(CLOSE.slow);
    const read = slow.socket.events(feed);
    const last = read.at(-1);
    const back = await world.visitor(tenant, { token: writer.token });
    const answer = await back.socket.reply({ t: 'subscribe', feed, cursor: { epoch: last.epoch, off: last.off } });
    if (answer.mode === 'resumed') {
      await until(
        () =>
          back.socket.events(feed).filter(({ event }) => event.type === 'message.sent').length +
            read.filter(({ event }) => event.type === 'message.sent').length ===
          count,
      );
      expect(back.socket.events(feed)[0].prev).toBe(last.off);
    } else {
      // Too much was missed to be worth telling one by one: then a snapshot, never a silent gap.
      expect(answer.cursor.off).toBeGreaterThan(last.off);
    }
    for (const each of [writer.socket, back.socket, desk]) each.close();
  }, 180_000);

  test('API-2 a cursor of another epoch, or ahead of the feed, gives a snapshot', async () => {
    const visitor = await world.visitor(tenant);
    const interaction = await world.chat(visitor);
    const feed = `conversation:${interaction}`;
    for (const cursor of [
      { epoch: 'another', off: 1 },
      { epoch: '', off: 0 },
    ]) {
      expect(await visitor.socket.reply({ t: 'subscribe', feed, cursor })).toMatchObject({
        mode: 'snapshot',
        snapshot: { kind: 'conversation' },
      });
    }
    const { cursor } = await visitor.socket.reply({ t: 'subscribe', feed });
    expect(await visitor.socket.reply({ t: 'subscribe', feed, cursor: { ...cursor, off: cursor.off + 100 } })).toMatchObject({
      mode: 'snapshot',
    });
    visitor.socket.close();
  });

  test('API-2 the desk’s own feed resumes: an offer that was missed comes, the rows are as they are now', async () => {
    const visitor = await world.visitor(tenant);
    const interaction = await world.chat(visitor);
    const desk = await world.desk(anna);
    const feed = `agent:${anna.id}`;
    const { cursor } = await desk.reply({ t: 'subscribe', feed });
    desk.cut();
    const other = await world.desk(anna, { port: world.gateways[1]?.port ?? 0 });
    await other.reply({ t: 'interaction.claim', key: key(), interaction });
    await visitor.socket.reply({ t: 'chat.send', interaction, mid: key(), text: 'are you there?' });
    expect(await other.reply({ t: 'subscribe', feed, cursor })).toMatchObject({ mode: 'resumed', cursor });
    await other.seen(
      (frame) => frame.t === 'event' && frame.event.type === 'row.changed' && frame.event.interaction.id === interaction,
      'the missed taking',
    );
    await other.seen(
      (frame) => frame.t === 'state' && frame.event.interaction?.lastMessage?.text === 'are you there?',
      'the row as it is now',
    );
    const offs = other.events(feed).map(({ off }) => off);
    expect(offs).toEqual([...new Set(offs)].sort((left, right) => left - right));
    other.close();
    visitor.socket.close();
  });

  test('API-2 a queue’s list follows what happens in it, at most a few times a second', async () => {
    const desk = await world.desk(anna);
    const feed = `queue:${tenant.queue}`;
    expect(await desk.reply({ t: 'subscribe', feed })).toMatchObject({ mode: 'snapshot', snapshot: { kind: 'queue' } });
    await desk.reply({ t: 'subscribe', feed: `figures:${tenant.queue}` });
    const visitor = await world.visitor(tenant);
    const interaction = await world.chat(visitor);
    await desk.seen((frame) => frame.event?.type === 'row.changed' && frame.event.interaction.id === interaction, 'the new row');
    await desk.seen(
      (frame) => frame.t === 'state' && frame.event.type === 'figures.changed' && frame.event.figures.waiting > 0,
      'the figures',
    );
    await Promise.all(
      Array.from({ length: 20 }, (_, number) => visitor.socket.ask({ t: 'chat.send', interaction, mid: key(), text: `line ${number}` })),
    );
    await desk.seen(
      (frame) => frame.event?.type === 'row.changed' && frame.event.interaction.lastMessage.text === 'line 19',
      'the last line',
    );
    expect(desk.events(feed).filter(({ event }) => event.interaction?.id === interaction).length).toBeLessThan(15);
    let at = desk.events(feed)[0].prev;
    for (const { prev, off } of desk.events(feed)) {
      expect(prev).toBe(at);
      at = off;
    }
    await visitor.socket.reply({ t: 'chat.end', interaction });
    await desk.seen((frame) => frame.event?.type === 'row.removed' && frame.event.interaction === interaction, 'the row going');
    desk.close();
    visitor.socket.close();
  });
});

describe('API-2 Redis goes and comes', () => {
  test('API-2 sockets stay through a restart of Redis and get what is said after it, once', async () => {
    const visitor = await world.visitor(tenant);
    const interaction = await world.chat(visitor, 'before');
    const feed = `conversation:${interaction}`;
    const { cursor } = await visitor.socket.reply({ t: 'subscribe', feed });
    await world.redis.kill9();
    const sending = visitor.socket.ask({ t: 'chat.send', interaction, mid: 'said-while-it-was-away', text: 'after' });
    await world.redis.restart();
    const first = await sending;
    const frame =
      first.t === 'reply' ? first : await visitor.socket.ask({ t: 'chat.send', interaction, mid: 'said-while-it-was-away', text: 'after' });
    if (visitor.socket.closeCode === undefined) {
      expect(frame.t).toBe('reply');
      await until(() => visitor.socket.events(feed).some(({ event }) => event.message?.text === 'after'), { timeoutMs: 10_000 });
      expect(visitor.socket.events(feed).filter(({ event }) => event.message?.text === 'after')).toHaveLength(1);
    } else {
      // The lease lapsed meanwhile: the client is told to connect again, and resumes.
      expect(visitor.socket.closeCode).toBe(CLOSE.moved);
      const back = await world.visitor(tenant, { token: visitor.token });
      await back.socket.reply({ t: 'subscribe', feed, cursor });
      back.socket.close();
    }
    visitor.socket.close();
  });
});

async function metric(name: string): Promise<boolean> {
  const { body } = await world.call('GET /metrics');
  return (body as string).split('\n').some((line) => line.startsWith(name) && !line.endsWith(' 0'));
}
