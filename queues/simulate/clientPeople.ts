/** The clients of a run: they come when the traffic says, and leave when their patience is over and nobody has taken them. */
import type { ContactId, InteractionId } from '../../src/base/ids.ts';
import { simulatedId } from './ids.ts';
import { Leftovers } from './leftovers.ts';
import type { Told } from './observer.ts';
import { Random } from './random.ts';
import type { Stage } from './run.ts';
import type { Arrival } from './traffic.ts';

export type ClientStep = { readonly by: 'client'; readonly do: 'come' | 'leave'; readonly number: number };

export class ClientPeople {
  readonly #stage: Stage;
  readonly #arrivals: readonly Arrival[];
  readonly #chance: Random;
  readonly #contacts = new Map<string, ContactId>();
  readonly #former: ContactId[][];
  readonly #contactOf: ContactId[] = [];
  readonly #leftovers: Leftovers;
  #made = 0;

  constructor(stage: Stage, arrivals: readonly Arrival[], seed: number) {
    this.#stage = stage;
    this.#arrivals = arrivals;
    this.#chance = new Random(seed, 'contacts');
    this.#leftovers = new Leftovers(stage);
    this.#former = stage.scenario.queues.map(() => []);
  }

  begin(): void {
    this.#next(0);
  }

  hear(told: Told): void {
    this.#leftovers.hear(told, (number) => {
      const arrival = this.#arrivals[number];
      const isNew = arrival?.contact === undefined && this.#stage.scenario.queues[arrival?.queue ?? 0]?.returning === 0;
      return { id: this.#contactOf[number] as ContactId, isLast: isNew };
    });
  }

  /** After each step of anybody. */
  tidy(): Promise<void> {
    return this.#leftovers.tidy();
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
    await this.#leftovers.forget(contactId);
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
}

const idOf = (number: number): InteractionId => simulatedId('interaction', number);
