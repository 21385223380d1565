/** A center whose configuration stands in PostgreSQL as in Redis, agents who serve in it, and the explanation of what they were given. */
import { type AgentDoc, agentDefaults, type ConfigInput, type QueueDoc, queueDefaults } from '../../queues/config.ts';
import type { NewInteraction } from '../../queues/index.ts';
import type { AccountId, InteractionId, QueueId, UserId } from '../../src/base/ids.ts';
import { newId } from '../../src/base/ids.ts';
import { routingRoutes } from '../../src/history/routingRoutes.ts';
import type { RoutingView } from '../../src/history/routingViews.ts';
import { until } from '../support/services.ts';
import { admin, callRoute } from './calling.ts';
import { type Projected, startProjected } from './projected.ts';

type Principal = Parameters<typeof callRoute>[1];

export async function foundAccount(stage: Pick<Projected, 'rows'>, accountId: AccountId, partition: number): Promise<void> {
  await stage.rows('insert into account (id, public_id, partition, legal_name) values ($1, $1, $2, $3)', [accountId, partition, 'Test']);
}

export async function startConfigured() {
  const stage = await startProjected();
  const french = newId('skill');
  let version = 100;

  /** Also tells the account's skill and pause reasons. */
  async function found(): Promise<void> {
    const { accountId, partition } = stage.world.scope;
    await foundAccount(stage, accountId, partition);
    await stage.rows("insert into skill (id, account_id, name, name_key) values ($1, $2, 'French', 'french')", [french, accountId]);
    const pauseReasons = [{ id: 'prs_1', name: 'Lunch' }];
    await put('account', accountId, { kind: 'account', id: accountId, name: 'Test', isActive: true, origins: [], pauseReasons });
  }

  /** As a change of configuration does: PostgreSQL first, then Redis. */
  async function put(kind: ConfigInput['kind'], id: string, doc: ConfigInput | null): Promise<void> {
    const { accountId } = stage.world.scope;
    version++;
    await stage.rows(
      `insert into config_entry (kind, id, account_id, version, doc) values ($1, $2, $3, $4, $5)
       on conflict (kind, id) do update set version = excluded.version, doc = excluded.doc`,
      [kind, id, accountId, version, doc && JSON.stringify(doc)],
    );
    await stage.world.engine.config.apply([{ kind, id, accountId, version, doc }]);
  }

  function queueDocOf(id: QueueId, name: string, settings: Partial<QueueDoc>): QueueDoc {
    const { accountId } = stage.world.scope;
    return { kind: 'queue', id, accountId, name, ...queueDefaults, outcomes: [], mode: 'balanced', ...settings };
  }

  async function addQueue(name: string, settings: Partial<QueueDoc> = {}): Promise<QueueId> {
    const id = newId('queue');
    await put('queue', id, queueDocOf(id, name, settings));
    return id;
  }

  async function hire(name: string, queues: readonly string[], settings: Partial<AgentDoc> = {}): Promise<UserId> {
    const id = newId('user');
    await put('agent', id, agentDocOf(id, name, queues, settings));
    return id;
  }

  function agentDocOf(id: UserId, name: string, queues: readonly string[], settings: Partial<AgentDoc> = {}): AgentDoc {
    const { accountId } = stage.world.scope;
    return { kind: 'agent', id, accountId, name, ...agentDefaults, skills: { [french]: 5 }, ...settings, queues: [...queues] };
  }

  async function connect(agentId: UserId): Promise<void> {
    const { engine, scope } = stage.world;
    await engine.router.attachDevice(scope, { agentId, deviceId: 'desk', deviceName: 'Desk', connectionId: `desk-${agentId}` });
  }

  /** Connected and signed in. */
  async function serve(agentId: UserId): Promise<void> {
    const { engine, scope } = stage.world;
    await connect(agentId);
    const signedIn = await engine.router.signIn(scope, { agentId, key: newId('command') });
    if (!signedIn.ok) throw new Error(signedIn.code);
  }

  async function start(queue: QueueId, extra: Partial<NewInteraction> = {}): Promise<InteractionId> {
    const { engine, scope, newChat } = stage.world;
    const started = await engine.router.startInteraction(scope, { ...newChat(queue), ...extra });
    if (!started.ok) throw new Error(started.code);
    return started.interaction.id as InteractionId;
  }

  async function offerOf(agentId: UserId): Promise<{ interactionId: InteractionId; agentId: UserId; token: string }> {
    const { engine, scope } = stage.world;
    return until(
      async () => {
        const offer = (await engine.views.agent(scope, agentId))?.offers[0];
        return offer && { interactionId: offer.interaction as InteractionId, agentId, token: offer.token };
      },
      { what: 'an offer' },
    );
  }

  async function explain(
    id: string,
    about?: string,
    principal: Principal = admin(stage.world.scope.accountId),
    page: Readonly<Record<string, string>> = {},
  ): Promise<RoutingView> {
    await stage.caughtUp();
    const given = { query: { ...(about === undefined ? {} : { agent: about }), ...page } };
    const answer = await callRoute(
      routingRoutes({ db: stage.database.kysely }),
      principal,
      `GET /api/v1/interactions/${id}/routing`,
      given,
    );
    return answer.body as RoutingView;
  }

  await found();
  return { stage, french, put, queueDocOf, addQueue, hire, agentDocOf, connect, serve, start, offerOf, explain };
}
