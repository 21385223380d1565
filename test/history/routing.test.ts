/** BEY-2: every decision says why, "why not agent X" is told from X's past, and the answer stays the same whatever changed since. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { UserId } from '../../src/base/ids.ts';
import { newId } from '../../src/base/ids.ts';
import type { RoutingStep, RoutingView } from '../../src/history/routingViews.ts';
import { admin, agent, refusal, restKey, supervisor, visitor } from './calling.ts';
import { startConfigured } from './configured.ts';
import type { Projected } from './projected.ts';

let stage: Projected;
let center: Awaited<ReturnType<typeof startConfigured>>;
beforeAll(async () => {
  center = await startConfigured();
  stage = center.stage;
});
afterAll(() => stage.close());

const whyNotOf = (view: RoutingView, kind: RoutingStep['kind']) => view.decisions.find((step) => step.kind === kind)?.whyNot;

describe('explanation of routing', () => {
  test('BEY-2 each decision names winner, deciding key, runner-up and who was left out; why not X is told from what X did before', async () => {
    const { put, queueDocOf, addQueue, hire, agentDocOf, connect, serve, start, offerOf, explain, french } = center;
    const { engine, scope } = stage.world;
    const elsewhere = await addQueue('Elsewhere');
    const sales = await addQueue('Sales', { required: [{ skill: french, level: 3 }] });
    const [ada, jo, bo, cy, di, ed, fy, gi, hu, ki] = [
      await hire('Ada', [sales]),
      await hire('Jo', [sales]),
      await hire('Bo', [sales]),
      await hire('Cy', [sales]),
      await hire('Di', [sales, elsewhere], { capacity: 1 }),
      await hire('Ed', [sales], { skills: { [french]: 2 } }),
      await hire('Fy', [sales]),
      await hire('Gi', [elsewhere]),
      await hire('Hu', [sales], { isActive: false }),
      await hire('Ki', [sales]),
    ];
    await serve(di);
    await start(elsewhere);
    await engine.router.acceptOffer(scope, await offerOf(di));
    for (const each of [ada, jo, bo, ed, gi, ki]) await serve(each);
    await engine.router.signIn(scope, { agentId: cy, key: newId('command') });
    await connect(fy);
    await engine.router.pause(scope, { agentId: bo, reason: 'Lunch', key: newId('command') });
    await engine.router.pause(scope, { agentId: ki, reason: 'Lunch', queues: [sales], key: newId('command') });
    // One of the two gets the first, so that the load decides for the other.
    const first = await start(sales);
    const owner = await ownerOfOffer(first, [ada, jo]);
    const [winner, second] = owner === ada ? [jo, ada] : [ada, jo];
    const id = await start(sales);
    const decline = await offerOf(winner);
    expect(decline.interactionId).toBe(id);
    await engine.router.declineOffer(scope, decline);
    const io = await hire('Io', [sales]);
    await serve(io);

    const view = await explain(id);
    const offered = view.decisions.find((step) => step.kind === 'offered');
    expect(offered).toMatchObject({ queue: { id: sales, name: 'Sales' }, agent: { id: winner } });
    expect(offered?.why).toMatchObject({ by: 'interaction', key: 'load', value: 0, runnerUp: { id: second, value: 1 } });
    expect(offered?.why?.text).toBe('holds the least: 0, the next 1');
    expect(Object.fromEntries(offered?.why?.excluded.map(({ reason, count }) => [reason, count]) ?? [])).toMatchObject({ paused: 2 });
    expect(view.decisions.map(({ kind }) => kind)).toEqual(['queued', 'offered', 'declined', 'offered']);
    expect(view.decisions[0]?.required).toEqual([{ id: french, name: 'French', level: 3 }]);

    const reasons: [UserId, string, string][] = [
      [winner, 'chosen', 'was chosen'],
      [second, 'behind', 'came later in the order (load: 1, of the chosen 0)'],
      [bo, 'paused', 'Bo was paused: Lunch.'],
      [ki, 'paused_in_queue', 'Ki was paused in Sales.'],
      [cy, 'no_device', 'no live device'],
      [di, 'at_capacity', 'Di held 1 chat, which is as much as it may.'],
      [ed, 'lacks_skill', 'Ed lacked French: level 3 was needed, it had 2.'],
      [fy, 'not_signed_in', 'Fy was not signed in to Sales.'],
      [gi, 'not_assigned', 'neither assigned to Sales nor signed in'],
      [hu, 'inactive', 'not active'],
      [io, 'unknown', 'not known to the account then'],
    ];
    const answers = new Map<string, RoutingView>();
    for (const [about, reason, text] of reasons) {
      const answer = await explain(id, about);
      answers.set(about, answer);
      expect(whyNotOf(answer, 'offered'), reason).toMatchObject({ reason });
      expect(whyNotOf(answer, 'offered')?.text).toContain(text);
    }
    const again = (await explain(id, winner)).decisions.at(-1);
    expect(again).toMatchObject({ kind: 'offered', agent: { id: second }, whyNot: { reason: 'missed_it' } });

    // Everything changes: names, queue, skill; people go.
    await put('queue', sales, queueDocOf(sales, 'Renamed', { mode: 'manual' }));
    await put('queue', elsewhere, null);
    await put('agent', bo, agentDocOf(bo, 'Bo the second', [elsewhere], { skills: {} }));
    await put('agent', di, agentDocOf(di, 'Di', [sales], { capacity: 9 }));
    for (const each of [ada, jo, ed]) await put('agent', each, null);
    await stage.rows('delete from skill where id = $1', [french]);
    for (const [about] of reasons) {
      const now = await explain(id, about);
      expect(now.decisions.slice(0, 4)).toEqual(answers.get(about)?.decisions);
      expect(now.agent?.id).toBe(about);
    }
    await stage.rows("insert into skill (id, account_id, name, name_key) values ($1, $2, 'French', 'french')", [french, scope.accountId]);
  });

  test('BEY-2 media, limits, sticky agents, moves and hands are told apart', async () => {
    const { put, addQueue, hire, agentDocOf, serve, start, offerOf, explain } = center;
    const { engine, scope, newChat } = stage.world;
    const target = await addQueue('Target', { limitPerAgent: 1 });
    const overflow = await addQueue('Overflow', { recipe: [{ afterSec: 0, onlyIf: 'no_agents', do: { op: 'queue', queueId: target } }] });
    const mae = await hire('Mae', [target]);
    await serve(mae);
    const held = await start(overflow);
    await engine.router.acceptOffer(scope, await offerOf(mae));
    const limited = await explain(await start(target), mae);
    expect(whyNotOf(limited, 'queued')).toMatchObject({ reason: 'at_queue_limit' });
    const moved = await explain(held, mae);
    expect(moved.decisions.map(({ kind }) => kind)).toEqual(['queued', 'moved', 'offered', 'accepted']);
    expect(moved.decisions[1]).toMatchObject({ queue: { name: 'Target' }, text: 'It moved on to Target, with its waiting time.' });
    expect(moved.decisions[2]?.why).toMatchObject({ key: 'only', text: 'nobody else could take it' });
    const call = await explain(await start(target, { medium: 'voice' }), mae);
    expect(whyNotOf(call, 'queued')).toMatchObject({ reason: 'at_capacity', blockedBy: 'chat', held: { chat: 1, voice: 0, video: 0 } });

    const mixed = await addQueue('Mixed');
    const nia = await hire('Nia', [mixed], { voiceCapacity: 0 });
    await serve(nia);
    const changing = await start(mixed);
    await engine.router.changeMedium(scope, { interactionId: changing, medium: 'voice' });
    const changed = await explain(changing, nia);
    expect(changed.decisions.map(({ kind }) => kind)).toEqual(['queued', 'offered', 'withdrawn', 'medium', 'returned']);
    expect(whyNotOf(changed, 'returned')).toMatchObject({ reason: 'at_capacity', held: { chat: 0, voice: 0, video: 0 } });
    await put('agent', nia, agentDocOf(nia, 'Nia', [mixed]));
    const again = (await explain(changing, nia)).decisions.at(-1);
    expect(again).toMatchObject({ kind: 'offered', agent: { id: nia }, why: { by: 'agent', key: 'only' } });

    const sticky = await addQueue('Sticky', { stickyWaitMs: 60_000 });
    const [ned, ola] = [await hire('Ned', [sticky]), await hire('Ola', [sticky])];
    await serve(ned);
    const chat = newChat(sticky);
    const before = await start(sticky, chat);
    await engine.router.acceptOffer(scope, await offerOf(ned));
    await serve(ola);
    const closing = { interactionId: before, agentId: ned, outcome: '', note: '', key: newId('command'), isSupervisor: false };
    await engine.router.closeInteraction(scope, closing);
    const returned = await start(sticky, { ...chat, key: newId('command'), connectionId: newId('connection') });
    const kept = await explain(returned, ola);
    expect(kept.decisions.find(({ kind }) => kind === 'offered')).toMatchObject({ agent: { id: ned }, why: { key: 'sticky' } });
    expect(whyNotOf(kept, 'offered')).toMatchObject({ reason: 'kept_for_other' });

    const manual = await addQueue('Manual', { mode: 'manual' });
    const [pia, quin] = [await hire('Pia', [manual]), await hire('Quin', [manual])];
    await serve(pia);
    await serve(quin);
    const taken = await start(manual);
    await engine.router.claimInteraction(scope, { interactionId: taken, agentId: pia, key: newId('command') });
    const byHand = await explain(taken, quin);
    expect(byHand.decisions.map(({ kind }) => kind)).toEqual(['queued', 'claimed']);
    expect(byHand.decisions.map(({ whyNot }) => whyNot?.reason)).toEqual(['manual', 'manual']);
  });

  test('BEY-2 needs that were relaxed, and an agent who came free', async () => {
    const { addQueue, hire, serve, start, offerOf, explain, french } = center;
    const { engine, scope } = stage.world;
    const relaxing = await addQueue('Relaxing', { required: [{ skill: french, level: 9 }], relaxation: [{ afterSec: 1, lowerBy: 5 }] });
    const ray = await hire('Ray', [relaxing], { capacity: 1 });
    const sue = await hire('Sue', [relaxing], { capacity: 1 });
    await serve(ray);
    const id = await start(relaxing);
    const next = await start(relaxing);
    await engine.router.acceptOffer(scope, await offerOf(ray));
    const view = await explain(id, ray);
    expect(view.decisions.map(({ kind }) => kind)).toEqual(['queued', 'relaxed', 'offered', 'accepted']);
    expect(whyNotOf(view, 'queued')).toMatchObject({ reason: 'lacks_skill', skill: { id: french, name: 'French', needed: 9, held: 5 } });
    expect(view.decisions[1]?.required).toEqual([{ id: french, name: 'French', level: 4 }]);
    await serve(sue);
    await engine.router.declineOffer(scope, await offerOf(sue));
    const free = (await explain(next, ray)).decisions.find(({ kind, agent: who }) => kind === 'offered' && who?.id === sue);
    expect(free?.why).toMatchObject({ by: 'agent', key: 'only' });
    expect(free?.whyNot).toMatchObject({ reason: 'at_capacity' });
  });

  test('BEY-2 supervisors of the queue, administrators and keys may ask; agents about themselves; nobody else', async () => {
    const { addQueue, hire, serve, start, explain } = center;
    const { accountId } = stage.world.scope;
    const queue = await addQueue('Rights');
    const [tom, una] = [await hire('Tom', [queue]), await hire('Una', [queue])];
    await serve(tom);
    await serve(una);
    const id = await start(queue);
    for (const principal of [admin(accountId), restKey(accountId), supervisor(accountId, [queue])]) {
      expect((await explain(id, una, principal)).decisions).toHaveLength(2);
      expect((await explain(id, undefined, principal)).decisions[1]?.why?.runnerUp?.id).toBeDefined();
    }
    const own = await explain(id, una, agent(accountId, una, [queue]));
    expect(own.decisions[1]?.whyNot?.reason).toBeDefined();
    expect(own.decisions[1]?.why).toMatchObject({ excluded: [] });
    expect(own.decisions[1]?.why?.runnerUp).toBeUndefined();
    expect(await refusal(explain(id, tom, agent(accountId, una, [queue])))).toBe('not_found');
    expect(await refusal(explain(id, undefined, agent(accountId, una, [queue])))).toBe('not_found');
    expect(await refusal(explain(id, una, agent(accountId, una, [newId('queue')])))).toBe('not_found');
    expect(await refusal(explain(id, una, supervisor(accountId, [newId('queue')])))).toBe('not_found');
    expect(await refusal(explain(id, una, admin(newId('account'))))).toBe('not_found');
    expect(await refusal(explain(id, una, visitor(accountId, newId('contact'))))).toBe('forbidden');
    expect(await refusal(explain(newId('interaction')))).toBe('not_found');
    expect(await refusal(explain('nonsense'))).toBe('not_found');
    expect(await refusal(explain(id, 'nonsense'))).toBe('invalid');
  });

  test('BEY-2 API-1 an interaction that was offered a hundred times is explained in pages, without gap or repeat', async () => {
    const { addQueue, hire, serve, start, offerOf, explain } = center;
    const { engine, scope } = stage.world;
    const queue = await addQueue('Unwanted', { maxMissed: 0 });
    const vic = await hire('Vic', [queue]);
    await serve(vic);
    const id = await start(queue);
    for (let round = 0; round < 100; round++) {
      const offer = await offerOf(vic);
      expect(await engine.router.declineOffer(scope, offer)).toMatchObject({ ok: true });
    }
    const pages: RoutingView[] = [];
    let cursor: string | undefined;
    do {
      const page = await explain(id, vic, undefined, { limit: '40', ...(cursor ? { cursor } : {}) });
      expect(page.decisions.length).toBeLessThanOrEqual(40);
      expect(page).toMatchObject({ interaction: id, agent: { id: vic, name: 'Vic' } });
      pages.push(page);
      cursor = page.nextCursor;
    } while (cursor);
    // Queued, then offered and declined a hundred times, and offered once more.
    const seen = pages.flatMap(({ decisions }) => decisions.map(({ seq }) => seq));
    expect(seen).toEqual(Array.from({ length: 202 }, (_, index) => index + 1));
    expect((await explain(id)).decisions).toHaveLength(50);
    expect(await refusal(explain(id, undefined, undefined, { cursor: 'nonsense' }))).toBe('invalid');
  });

  test('BEY-2 what was decided is never rewritten: versions of configuration refuse change', async () => {
    await expect(stage.rows("update config_past set doc = '{}'")).rejects.toThrow('append-only');
    await expect(stage.rows('delete from config_past')).rejects.toThrow('append-only');
    const [{ longest } = { longest: 0 }] = await stage.rows<{ longest: number }>(
      "select max(length((body->'why')::text)) as longest from event where body ? 'why'",
    );
    expect(longest).toBeGreaterThan(50);
    expect(longest).toBeLessThanOrEqual(400);
  });
});

/** Which of the agents is offered it. */
async function ownerOfOffer(id: string, among: readonly UserId[]): Promise<UserId> {
  const { engine, scope } = stage.world;
  for (const each of among) if ((await engine.views.agent(scope, each))?.offers.some((offer) => offer.interaction === id)) return each;
  throw new Error('nobody is offered it');
}
