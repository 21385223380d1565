/** Serving goes on while PostgreSQL is away: agents sign in, pause with a reason and serve what comes, by REST as by socket. */
import { expect, test } from 'vitest';
import { Center } from '../access/support/center.ts';

test('RTE-4, RTE-7, RTE-12 agents sign in and pause, interactions begin and are served, while PostgreSQL is away', async () => {
  const center = await Center.start();
  try {
    const owner = await center.tenant('Outage');
    const queueId = await center.queue(owner.token);
    const anna = await center.person(owner.token, { queues: [{ id: queueId, role: 'agent' }] });
    await center.loseDatabase();
    const as = anna.token;
    const tell = (what: string, body: object = {}) => center.call(`POST /api/v1/agents/${anna.id}/${what}`, { as, body });
    expect((await tell('sign-in')).body.agent.queues).toMatchObject([{ id: queueId, isSignedIn: true }]);
    expect((await tell('pause')).body.code).toBe('invalid');
    expect((await tell('pause', { reason: 'Lunch' })).body.agent).toMatchObject({ status: 'paused', pauseReason: 'Lunch' });
    expect((await tell('resume')).status).toBe(200);
    const body = { queueId, key: 'begun-in-an-outage', contact: { name: 'Eva' }, text: 'Hello?' };
    const { status, body: interaction } = await center.call('POST /api/v1/interactions', { as: owner.token, body });
    expect(status).toBe(201);
    const taken = await center.call(`POST /api/v1/interactions/${interaction.id}/claim`, { as, body: {} });
    expect(taken.body).toMatchObject({ state: 'served', owner: { id: anna.id } });
    // It is away indeed.
    expect((await center.call('GET /api/v1/skills', { as })).status).toBeGreaterThanOrEqual(500);
  } finally {
    await center.close();
  }
});
