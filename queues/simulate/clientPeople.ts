/** The clients of a run: they come when the traffic says, and leave when their patience is over and nobody has taken them. */
import type { ContactId, InteractionId } from '../../src/base/ids.ts';
import { partitionKey } from '../keys.ts';
import { numberOf, simulatedId } from './ids.ts';
import type { Told } from './observer.ts';
import { Random } from './random.ts';
import type { Stage } from './run.ts';
import type { Arrival } from './traffic.ts';

export type ClientStep = { readonly by: 'client'; readonly do: 'come' | 'leave'; readonly number: number };

/** In virtual time Redis lets nothing expire: what a closed interaction left is removed after as long as the scripts keep it. */
const CLOSED_KEPT_MS = 900_000;
const CLEAR_EVERY = 500;

export class ClientPeople {
  readonly #stage: Stage;
  readonly #arrivals: readonly Arrival[];
  readonly #chance: Random;
  readonly #contacts = new Map<string, ContactId>();
  readonly #former: ContactId[][];
  readonly #contactOf: ContactId[] = [];
  readonly #closed: number[] = [];
  #made = 0;

  constructor(stage: Stage, arrivals: readonly Arrival[], seed: number) {
    this.#stage = stage;
    this.#arrivals = arrivals;
    this.#chance = new Random(seed, 'contacts');
    this.#former = stage.scenario.queues.map(() => []);
  }

  begin(): void {
    this.#next(0);
  }

  hear(told: Told): void {
    if (told.type === 'interaction.closed') this.#closed.push(numberOf(told.body.i));
  }

  async perform({ do: what, number }: ClientStep): Promise<void> {
    if (what === 'come') return this.#come(number);
    const { observer, engine, center } = this.#stage;
    const state = observer.fates[number]?.state;
    if (state !== 'waiting' && state !== 'offered') return;
    const contactId = this.#contactOf[number] as ContactId;
    const left = await engine.router.endInteraction(center.scope, {
      interactionId: idOf(number),
      by: 'client',
      memberId: contactId,
      isSupervisor: false,
    });
    if (!left.ok) throw new Error(`a client could not leave: ${left.code}`);
  }

  async #come(number: number): Promise<void> {
    const { engine, center, scenario, agenda } = this.#stage;
    const arrival = this.#arrivals[number] as Arrival;
    const queue = center.queues[arrival.queue];
    if (!queue) throw new Error(`no queue ${arrival.queue}`);
    const contactId = this.#contact(arrival);
    this.#contactOf[number] = contactId;
    const wanted = scenario.queues[arrival.queue];
    const started = await engine.router.startInteraction(center.scope, {
      id: idOf(number),
      queueId: queue.id,
      groupId: center.groupId,
      contactId,
      key: String(number),
      name: '',
      email: '',
      language: 'en',
      page: '',
      userAgent: '',
      text: '',
      connectionId: '',
      medium: arrival.medium,
      ...(arrival.required.length > 0 ? { required: arrival.required } : {}),
      ...(wanted && wanted.preferred.length > 0 ? { preferred: wanted.preferred } : {}),
      ...(arrival.priority > 0 ? { priority: arrival.priority } : {}),
    });
    if (!started.ok) throw new Error(`a client could not come: ${started.code}`);
    if (Number.isFinite(arrival.patienceMs)) agenda.add(arrival.at + arrival.patienceMs, { by: 'client', do: 'leave', number });
    this.#next(number + 1);
    await this.#clear();
  }

  #next(number: number): void {
    const arrival = this.#arrivals[number];
    if (arrival) this.#stage.agenda.add(arrival.at, { by: 'client', do: 'come', number });
  }

  #contact({ contact, isReturning, queue }: Arrival): ContactId {
    const former = this.#former[queue] as ContactId[];
    const known =
      contact === undefined ? (isReturning ? former[this.#chance.index(former.length)] : undefined) : this.#contacts.get(contact);
    if (known) return known;
    const id = simulatedId('contact', this.#made++);
    if (contact !== undefined) this.#contacts.set(contact, id);
    if (this.#stage.scenario.queues[queue]?.returning) former.push(id);
    return id;
  }

  /** So that a long run does not fill the memory. */
  async #clear(): Promise<void> {
    const { engine, center, observer, now } = this.#stage;
    // They stand in the order in which they were closed.
    const last = this.#closed[CLEAR_EVERY - 1];
    if (last === undefined || (observer.fates[last]?.closedAt ?? 0) > now() - CLOSED_KEPT_MS) return;
    const over = this.#closed.splice(0, CLEAR_EVERY);
    const base = partitionKey(engine.core.prefix, center.scope.partition);
    const keys = over.flatMap((number) => {
      const id = idOf(number);
      const own = ['i', 'f:conversation', 'dd', 'de', 'ic'].map((kind) => `${base}:${kind}:${id}`);
      return [...own, `${base}:x:start:${this.#contactOf[number]}:${number}`];
    });
    await engine.core.runner.retrying(() => engine.core.runner.redis.unlink(...keys));
  }
}

const idOf = (number: number): InteractionId => simulatedId('interaction', number);
