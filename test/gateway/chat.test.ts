/** A visitor and an agent talking through two gateways, and what each of them may see. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../support/services.ts';
import { key, type Person, type Tenant, World } from './support/world.ts';

let world: World;
let tenant: Tenant;
let anna: Person;
let marco: Person;

beforeAll(async () => {
  world = await World.start();
  await world.addGateway();
  tenant = await world.tenant();
  anna = await world.person(tenant, 'Anna');
  marco = await world.person(tenant, 'Marco');
});
afterAll(() => world.close());

const otherPort = (): number => world.gateways[1]?.port ?? 0;

describe('API-2 a conversation over two gateways', () => {
  test('API-2 both sides get every message of the other once, in order, whichever gateway they are on', async () => {
    const visitor = await world.visitor(tenant);
    const desk = await world.desk(anna, { port: otherPort() });
    const id = await world.chat(visitor);
    const feed = `conversation:${id}`;
    const seen = await visitor.socket.reply({ t: 'subscribe', feed });
    expect(seen).toMatchObject({ mode: 'snapshot', snapshot: { kind: 'conversation', messages: [{ text: 'Hello, is anybody there?' }] } });
    await desk.reply({ t: 'interaction.claim', key: key(), interaction: id });
    await desk.reply({ t: 'subscribe', feed });
    for (let number = 0; number < 5; number++) {
      await desk.reply({ t: 'chat.send', interaction: id, mid: key(), text: `from Anna ${number}` });
      await visitor.socket.reply({ t: 'chat.send', interaction: id, mid: key(), text: `from Eva ${number}` });
    }
    const wanted = [0, 1, 2, 3, 4].flatMap((number) => [`from Anna ${number}`, `from Eva ${number}`]);
    for (const socket of [visitor.socket, desk]) {
      const texts = (): string[] =>
        socket
          .events(feed)
          .filter(({ event }) => event.type === 'message.sent')
          .map(({ event }) => event.message.text);
      await until(() => texts().length >= wanted.length);
      expect(texts()).toEqual(wanted);
      let at = socket === visitor.socket ? seen.cursor.off : socket.events(feed)[0].prev;
      for (const frame of socket.events(feed)) {
        expect(frame.prev).toBe(at);
        at = frame.off;
      }
    }
    desk.close();
    visitor.socket.close();
  });

  test('API-2 a note among the staff never reaches the visitor, live or in a snapshot', async () => {
    const visitor = await world.visitor(tenant);
    const desk = await world.desk(anna);
    const id = await world.chat(visitor);
    const feed = `conversation:${id}`;
    await visitor.socket.reply({ t: 'subscribe', feed });
    await desk.reply({ t: 'interaction.claim', key: key(), interaction: id });
    await desk.reply({ t: 'chat.send', interaction: id, mid: key(), text: 'secret note', visibility: 'staff' });
    await desk.reply({ t: 'chat.send', interaction: id, mid: key(), text: 'hello Eva' });
    await visitor.socket.seen((frame) => frame.event?.message?.text === 'hello Eva', 'the public message');
    await visitor.socket.reply({ t: 'subscribe', feed });
    const earlier = await visitor.socket.reply({ t: 'chat.earlier', interaction: id, before: 1_000 });
    expect(earlier.messages.map(({ text }: { text: string }) => text)).toEqual(['Hello, is anybody there?', 'hello Eva']);
    expect(JSON.stringify(visitor.socket.frames)).not.toContain('secret note');
    const forStaff = await desk.reply({ t: 'chat.earlier', interaction: id, before: 1_000 });
    expect(JSON.stringify(forStaff)).toContain('secret note');
    desk.close();
    visitor.socket.close();
  });

  test('WID-6 many lines that are for the staff alone do not crowd the visitor’s own out of a reload, or out of earlier pages', async () => {
    const visitor = await world.visitor(tenant);
    const id = await world.chat(visitor);
    for (let count = 0; count < 130; count++)
      await visitor.socket.reply({ t: 'page.changed', page: { url: `https://shop.example/${count}` } });
    const again = await world.visitor(tenant, { token: visitor.token });
    const { snapshot, cursor } = await again.socket.reply({ t: 'subscribe', feed: `conversation:${id}` });
    const texts = (messages: { text: string }[]) => messages.map(({ text }) => text);
    expect({ ...snapshot, messages: texts(snapshot.messages) }).toMatchObject({
      messages: ['Hello, is anybody there?'],
      hasEarlier: false,
    });
    const earlier = await again.socket.reply({ t: 'chat.earlier', interaction: id, before: cursor.off + 1, limit: 20 });
    expect({ ...earlier, messages: texts(earlier.messages) }).toEqual({ messages: ['Hello, is anybody there?'], hasEarlier: false });
    for (const { socket } of [visitor, again]) socket.close();
  });

  test('CHT-6 of two agents who reply at once one owns the dialog, the other is told who', async () => {
    const visitor = await world.visitor(tenant);
    const [first, second] = [await world.desk(anna), await world.desk(marco, { port: otherPort() })];
    const id = await world.chat(visitor);
    const reply = (text: string) => ({ t: 'chat.send', interaction: id, mid: key(), text, claim: true });
    const answers = await Promise.all([first.ask(reply('Anna here')), second.ask(reply('Marco here'))]);
    const refused = answers.filter(({ t }) => t === 'error');
    expect(refused).toHaveLength(1);
    expect(refused[0]).toMatchObject({ code: 'already_taken', isRetryable: false, owner: answers[0].t === 'reply' ? 'Anna' : 'Marco' });
    for (const socket of [first, second, visitor.socket]) socket.close();
  });

  test('API-2 a repeated chat.start and chat.send have one effect', async () => {
    const visitor = await world.visitor(tenant);
    const start = { t: 'chat.start', key: key(), text: 'once' };
    const [one, two] = [await visitor.socket.reply(start), await visitor.socket.reply(start)];
    expect(two.interaction.id).toBe(one.interaction.id);
    const send = { t: 'chat.send', interaction: one.interaction.id, mid: key(), text: 'also once' };
    expect(await visitor.socket.reply(send)).toEqual(await visitor.socket.reply(send));
    const { snapshot } = await visitor.socket.reply({ t: 'subscribe', feed: `conversation:${one.interaction.id}` });
    expect(snapshot.messages.map(({ text }: { text: string }) => text)).toEqual(['once', 'also once']);
    visitor.socket.close();
  });

  test('CHT-18 typing reaches the other side, the preview only the staff, and nobody their own', async () => {
    const visitor = await world.visitor(tenant);
    const desk = await world.desk(anna, { port: otherPort() });
    const id = await world.chat(visitor);
    const feed = `conversation:${id}`;
    await visitor.socket.reply({ t: 'subscribe', feed });
    await desk.reply({ t: 'interaction.claim', key: key(), interaction: id });
    await desk.reply({ t: 'subscribe', feed });
    await visitor.socket.reply({ t: 'chat.typing', interaction: id, isTyping: true, preview: 'I was wond' });
    const signal = await desk.seen((frame) => frame.t === 'signal', 'the typing signal');
    expect(signal).toMatchObject({ feed, signal: { type: 'typing', isTyping: true, preview: 'I was wond', from: { role: 'customer' } } });
    await desk.reply({ t: 'chat.typing', interaction: id, isTyping: true });
    await visitor.socket.seen((frame) => frame.t === 'signal' && frame.signal.from.name === 'Anna', 'the agent typing');
    expect(visitor.socket.frames.filter((frame) => frame.t === 'signal' && frame.signal.type === 'typing')).toHaveLength(1);
    desk.close();
    visitor.socket.close();
  });

  test('VOX-4 how well a call is heard reaches the staff who have its conversation open, and not the client', async () => {
    const visitor = await world.visitor(tenant);
    const desk = await world.desk(anna);
    const id = await world.chat(visitor);
    const feed = `conversation:${id}`;
    await visitor.socket.reply({ t: 'subscribe', feed });
    await desk.reply({ t: 'interaction.claim', key: key(), interaction: id });
    await desk.reply({ t: 'subscribe', feed });
    const quality = { legId: 'leg_1', rttMs: 31, jitterMs: 2, lossPct: 0.5, packets: 250, codec: 'PCMU' };
    world.engine.signals.publish(await scope(), feed, JSON.stringify({ type: 'call.quality', interaction: id, quality }));
    const told = await desk.seen((frame) => frame.t === 'signal', 'the figures');
    expect(told).toMatchObject({ feed, signal: { type: 'call.quality', interaction: id, quality } });
    // What comes to the visitor after it shows that it did not come before.
    await desk.reply({ t: 'chat.typing', interaction: id, isTyping: true });
    await visitor.socket.seen((frame) => frame.t === 'signal' && frame.signal.type === 'typing', 'the agent typing');
    expect(visitor.socket.frames.filter((frame) => frame.t === 'signal' && frame.signal.type === 'call.quality')).toEqual([]);
    desk.close();
    visitor.socket.close();
  });
});

describe('WID-6 the visitor comes back', () => {
  test('WID-6 a reload with the same token is the same contact and returns into the conversation; presence follows', async () => {
    const visitor = await world.visitor(tenant);
    const id = await world.chat(visitor);
    visitor.socket.cut();
    const presence = async () => (await world.engine.views.interaction(await scope(), id as never))?.client.presence;
    await until(async () => (await presence()) === 'reconnecting', { what: 'the reconnect window' });
    const back = await RawHello(visitor.token);
    expect(back.hello).toMatchObject({ contact: visitor.contact, token: visitor.token, conversations: [{ id }] });
    await until(async () => (await presence()) === 'connected', { what: 'the end of the window' });
    back.socket.close();
  });

  test('WID-6 a second tab is told of the conversation and keeps the visitor present when the first goes', async () => {
    const first = await world.visitor(tenant);
    const second = await world.visitor(tenant, { token: first.token, port: otherPort() });
    const id = await world.chat(first);
    await second.socket.seen((frame) => frame.signal?.type === 'conversation.started' && frame.signal.interaction === id, 'the other tab');
    await second.socket.reply({ t: 'subscribe', feed: `conversation:${id}` });
    const desk = await world.desk(anna);
    await desk.reply({ t: 'subscribe', feed: `queue:${tenant.queue}` });
    first.socket.close();
    await second.socket.reply({ t: 'chat.send', interaction: id, mid: key(), text: 'from the second tab' });
    await desk.seen(
      (frame) => frame.event?.type === 'row.changed' && frame.event.interaction.lastMessage.text === 'from the second tab',
      'the row',
    );
    expect((await world.engine.views.interaction(await scope(), id as never))?.client.presence).toBe('connected');
    desk.close();
    second.socket.close();
  });

  test('WID-6 a token of another account names somebody else', async () => {
    const visitor = await world.visitor(tenant);
    await world.chat(visitor);
    const elsewhere = await world.tenant('Elsewhere');
    const guest = await world.visitor(elsewhere, { token: visitor.token });
    expect(guest.contact).not.toBe(visitor.contact);
    guest.socket.close();
    visitor.socket.close();
  });
});

async function scope() {
  const found = await world.engine.config.scopeOf(tenant.accountId as never);
  if (!found) throw new Error('the account is not placed');
  return found;
}

async function RawHello(token: string) {
  const { RawSocket } = await import('./support/rawSocket.ts');
  const socket = await RawSocket.connect(otherPort());
  return { socket, hello: await socket.reply({ t: 'hello', v: 1, as: 'visitor', group: tenant.group.publicId, token }) };
}
