/** Phone calls for browser tests: an actor in the place of the SIP application, which speaks to the center as that does, by the engine in Redis. */
import { createEngine, type RunningEngine, type Scope } from '../../../queues/index.ts';
import { AppError } from '../../../src/base/errors.ts';
import { type InteractionId, newId, type QueueId, type UserId } from '../../../src/base/ids.ts';
import { createLogger } from '../../../src/base/log.ts';
import type { CallCommandBody, CallView, LegQuality, LegView } from '../../../src/protocol/calls.ts';
import type { PublicSignal } from '../../../src/protocol/events.ts';
import type { Center } from '../../support/center.ts';
import { until } from '../../support/services.ts';

const CALLER = '+420 123 456 789'.replaceAll(' ', '');

export class PhoneCalls {
  readonly engine: RunningEngine;
  readonly scope: Scope;
  /** What the desks asked for. */
  readonly asked: CallCommandBody[] = [];
  readonly #calls = new Map<string, CallView>();
  /** As the SIP application does every second: who is not heard of for ten carries nothing any more. */
  readonly #carrying: NodeJS.Timeout;

  private constructor(engine: RunningEngine, scope: Scope) {
    this.engine = engine;
    this.scope = scope;
    this.#carrying = setInterval(() => {
      const live = this.live().map(({ id, interaction }) => ({ call: id, interaction }));
      if (live.length > 0) this.engine.phones.carry(live).catch(() => undefined);
    }, 1_000);
    engine.phones.serve(async ({ call, body }) => {
      const { command } = JSON.parse(body) as { command: CallCommandBody };
      this.asked.push(command);
      await this.#act(call, command);
      return '{"ok":true}';
    });
  }

  static async start(center: Center): Promise<PhoneCalls> {
    const engine = await createEngine({ redisUrl: center.redisUrl, nodeId: 'sip-of-test', log: createLogger('test', 'silent') });
    const { signIns } = await center.demo();
    const found = await until(() => engine.phones.phoneByUsername(signIns[0]?.phone.username ?? ''), { what: 'the demo’s phones' });
    return new PhoneCalls(engine, found.scope);
  }

  close(): Promise<void> {
    clearInterval(this.#carrying);
    return this.engine.close('test over');
  }

  /** The phone registers: a live device of its agent. */
  async register(username: string, userAgent = 'Desk phone 2.1'): Promise<UserId> {
    const { doc } = await until(() => this.engine.phones.phoneByUsername(username));
    const binding = {
      phoneId: doc.id,
      contact: `sip:${username}@192.0.2.9`,
      edge: 'edge-of-test',
      flow: 'f1',
      userAgent,
      callId: newId('call'),
      cseq: 1,
    };
    await this.engine.phones.announce({ kind: 'edge', host: '127.0.0.1', port: 1, load: 0, isDraining: false });
    const bound = { ...binding, instance: binding.contact, expiresAt: Date.now() + 600_000 };
    await this.engine.phones.bind(this.scope, doc.userId as UserId, bound, doc.name);
    return doc.userId as UserId;
  }

  async queueNamed(name: string): Promise<QueueId> {
    const queues = await this.engine.config.queues(this.scope);
    return queues.find((queue) => queue.name === name)?.id as QueueId;
  }

  /** Somebody calls the queue. `meanwhile`: between the first ring and what is noted of the call. */
  async incoming(queueId: QueueId, name = 'Karel Novák', meanwhile: () => Promise<void> = async () => {}): Promise<CallView> {
    const contactId = newId('contact');
    const id = newId('call');
    const started = await this.engine.router.startInteraction(this.scope, {
      queueId,
      groupId: '' as never,
      contactId,
      key: newId('command'),
      name,
      email: '',
      language: 'cs',
      page: '',
      userAgent: '',
      text: '',
      connectionId: newId('leg'),
    });
    if (!started.ok) throw new Error(started.code);
    const interaction = started.interaction.id;
    const customer: LegView = { id: newId('leg'), role: 'customer', name: CALLER, state: 'talking', isMuted: false };
    const call: CallView = {
      id,
      interaction,
      queue: queueId,
      direction: 'inbound',
      state: 'waiting',
      caller: CALLER,
      dialled: '100',
      legs: [customer],
      startedAt: Date.now(),
      version: 0,
    };
    await this.engine.phones.carry([{ call: id, interaction }]);
    await meanwhile();
    return this.#note(call, {});
  }

  /** The agent picks up the phone that rings. */
  async answer(call: CallView, agentId: UserId, name: string): Promise<CallView> {
    const interactionId = call.interaction as InteractionId;
    const offer = await until(async () =>
      (await this.engine.views.agent(this.scope, agentId))?.offers.find(({ interaction }) => interaction === interactionId),
    );
    const accepted = await this.engine.router.acceptOffer(this.scope, { interactionId, agentId, token: offer.token });
    if (!accepted.ok) throw new Error(accepted.code);
    const leg: LegView = { id: newId('leg'), role: 'agent', name, userId: agentId, state: 'talking', isMuted: false };
    return this.#note(call, { state: 'talking', legs: [...call.legs, leg], answeredAt: Date.now() });
  }

  /** Calls that are not over. */
  live(): CallView[] {
    return [...this.#calls.values()].filter(({ state }) => state !== 'ended');
  }

  /** The media process tells how the caller's phone is heard. */
  tellQuality(call: CallView, figures: Pick<LegQuality, 'lossPct' | 'jitterMs' | 'rttMs'>): void {
    const quality: LegQuality = { legId: call.legs[0]?.id ?? '', packets: 500, codec: 'PCMA', ...figures };
    const told: PublicSignal = { type: 'call.quality', interaction: call.interaction, quality };
    this.engine.signals.publish(this.scope, `conversation:${call.interaction}`, JSON.stringify(told));
  }

  /** Whom the agent asks answers. */
  async answerConsult(interaction: string): Promise<void> {
    const call = this.#of(interaction);
    const legs = call.legs.map((leg) => (leg.role === 'consult' ? { ...leg, state: 'talking' as const } : leg));
    await this.#note(call, { legs });
  }

  /** The caller hangs up, and the call is closed for the agent, as the SIP application does where no outcome is required. */
  async hangUpAndClose(interaction: string, agentId: UserId): Promise<void> {
    await this.hangUpCaller(interaction);
    const one = { interactionId: interaction as InteractionId, agentId, outcome: '', note: '', isSupervisor: false };
    const closed = await this.engine.router.closeInteraction(this.scope, { ...one, key: newId('command') });
    if (!closed.ok) throw new Error(closed.code);
  }

  /** Ends what a test that failed halfway left: the agent is free for the next. */
  async free(agentId: UserId): Promise<void> {
    for (const { interaction } of this.live()) await this.hangUpAndClose(interaction, agentId).catch(() => undefined); // It may be closed already.
    const held = await this.engine.views.agent(this.scope, agentId);
    for (const { interaction } of held?.agent.wrapUps ?? [])
      await this.engine.router.endWrapUp(this.scope, { interactionId: interaction as InteractionId, agentId, isSupervisor: true });
  }

  async hangUpCaller(interaction: string): Promise<void> {
    const call = this.#of(interaction);
    const { scope } = this;
    const interactionId = interaction as InteractionId;
    const view = await until(() => this.engine.views.interaction(scope, interactionId));
    for (const leg of call.legs) {
      const fields = {
        i: interaction,
        q: call.queue ?? '',
        call: call.id,
        leg: leg.id,
        role: leg.role,
        a: leg.userId ?? '',
        name: leg.name,
      };
      const times = { startedAt: call.startedAt, answeredAt: call.answeredAt ?? 0, endedAt: Date.now() };
      const stats = JSON.stringify({ packetsReceived: 990, packetsLost: 10, packetsSent: 1_000, jitterMs: 3.2, roundTripMs: 24 });
      await this.engine.router.noteLeg(scope, { ...fields, ...times, cause: 'hung up', stats });
    }
    await this.#note(call, { state: 'ended', endedAt: Date.now(), legs: call.legs.map((leg) => ({ ...leg, state: 'gone' as const })) });
    await this.engine.router.endInteraction(scope, { interactionId, by: 'client', memberId: view.client.id as never, isSupervisor: false });
  }

  /** The caller gives up. */
  async abandon(interaction: string): Promise<void> {
    const call = this.#of(interaction);
    const interactionId = interaction as InteractionId;
    const view = await until(() => this.engine.views.interaction(this.scope, interactionId));
    const ending = { interactionId, by: 'client' as const, memberId: view.client.id as never, isSupervisor: false };
    await this.engine.router.endInteraction(this.scope, ending);
    await this.#note(call, { state: 'ended', endedAt: Date.now() }).catch(() => undefined); // It may be closed already.
  }

  #of(interaction: string): CallView {
    const call = this.#calls.get(interaction);
    if (!call) throw new Error('no such call');
    return call;
  }

  async #note(call: CallView, change: Partial<CallView>): Promise<CallView> {
    const next = { ...call, ...change, version: call.version + 1 };
    this.#calls.set(call.interaction, next);
    const noted = await this.engine.router.noteCall(this.scope, {
      interactionId: call.interaction as InteractionId,
      version: next.version,
      call: JSON.stringify(next),
    });
    if (!noted.ok) throw new Error(noted.code);
    return next;
  }

  async #act(id: string, command: CallCommandBody): Promise<void> {
    const call = [...this.#calls.values()].find((known) => known.id === id);
    if (!call) throw new AppError('gone');
    const own = (change: Partial<LegView>) => call.legs.map((leg) => (leg.role === 'agent' ? { ...leg, ...change } : leg));
    switch (command.do) {
      case 'hold':
        return void (await this.#note(call, { state: 'held' }));
      case 'resume':
        return void (await this.#note(call, { state: 'talking' }));
      case 'mute':
        return void (await this.#note(call, { legs: own({ isMuted: command.isMuted }) }));
      case 'consult': {
        const leg: LegView = {
          id: newId('leg'),
          role: 'consult',
          name: command.to.kind === 'number' ? command.to.number : 'Marco Verdi',
          state: 'ringing',
          isMuted: false,
        };
        return void (await this.#note(call, { state: 'consulting', legs: [...call.legs, leg] }));
      }
      case 'conference':
        return void (await this.#note(call, { state: 'conference' }));
      case 'consult.cancel':
        return void (await this.#note(call, { state: 'talking', legs: call.legs.filter(({ role }) => role !== 'consult') }));
      case 'hangup':
        if (command.leg !== undefined) {
          const legs = call.legs.filter(({ id }) => id !== command.leg);
          return void (await this.#note(call, { state: 'talking', legs }));
        }
        return void (await this.hangUpCaller(call.interaction));
      case 'keys':
        return;
      default:
        throw new AppError('wrong_state');
    }
  }
}
