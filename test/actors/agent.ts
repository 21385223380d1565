/**
 * An agent at a desk. Created by tests and load through `Agent.signIn` (HTTP, then WebSocket); follows the own feed, keeps offers and rows as
 * a desk shows them, and reports to the ledger what it was told to own.
 */
import { z } from 'zod';
import type { PublicEvent } from '../../src/protocol/events.ts';
import { replies } from '../../src/protocol/frames.ts';
import { type AgentView, agentView, type InteractionView, type Snapshot } from '../../src/protocol/views.ts';
import { until } from '../support/services.ts';
import { Participant, type ParticipantOptions } from './participant.ts';
import type { Timeline } from './timeline.ts';

export interface AgentOptions extends ParticipantOptions {
  readonly email: string;
  readonly password: string;
  /** From an earlier sign-in; then e-mail and password are not used. */
  readonly token?: string;
  /** Names the device; the same for every connection of this desk. */
  readonly device?: string;
}

type OfferView = Extract<PublicEvent, { type: 'offer.made' }>['offer'];

const signInReply = z.object({ token: z.string() });
const ownedReply = z.object({ interaction: z.object({ id: z.string(), off: z.number() }) });
const agentReply = z.object({ agent: agentView });

export class Agent extends Participant {
  id = '';
  view: AgentView | undefined;
  /** Open offers by interaction. */
  readonly offers = new Map<string, OfferView>();
  /** Rows of the own list and of followed queues, by interaction. */
  readonly rows = new Map<string, InteractionView>();
  readonly #token: string;
  readonly #device: string;

  private constructor(options: AgentOptions, token: string) {
    super(options);
    this.#token = token;
    this.#device = options.device ?? 'desk';
  }

  /** Signs in with e-mail and password, connects, and resolves when the own feed is live. @throws when the sign-in is refused */
  static async signIn(options: AgentOptions): Promise<Agent> {
    const agent = new Agent(options, options.token ?? (await requestToken(options)));
    await until(() => agent.refusal !== undefined || agent.isLive, { timeoutMs: 20_000, what: `the greeting of ${options.name}` });
    if (agent.refusal !== undefined) throw new Error(`${options.name} was refused: ${agent.refusal}`);
    return agent;
  }

  override get isLive(): boolean {
    return this.id !== '' && super.isLive;
  }

  protected override hello(): Promise<Record<string, unknown>> {
    return Promise.resolve({ t: 'hello', v: 1, as: 'agent', token: this.#token, device: { id: this.#device, name: this.name } });
  }

  protected override greeted(body: Record<string, unknown>): void {
    const parsed = replies['hello agent'].safeParse(body);
    if (!parsed.success) {
      this.ledger.breach(`${this.name}: the reply to hello does not match the protocol: ${parsed.error.message}`);
      return;
    }
    this.id = parsed.data.agent.id;
    this.#show(parsed.data.agent);
    this.#follow(`agent:${this.id}`);
  }

  /** Serves the queues it is assigned to. */
  async serve(): Promise<void> {
    await this.#changeState({ t: 'agent.signIn' });
  }

  async leave(): Promise<void> {
    await this.#changeState({ t: 'agent.signOut' });
  }

  async pause(reason = 'Break'): Promise<void> {
    await this.#changeState({ t: 'agent.pause', reason });
  }

  async resume(): Promise<void> {
    await this.#changeState({ t: 'agent.resume' });
  }

  /** Follows the list of a queue, as a desk does in the modes where agents choose. */
  followQueue(queue: string): void {
    this.#follow(`queue:${queue}`);
  }

  /** @throws CommandError offer_gone, at_capacity … */
  accept(offer: OfferView): Promise<Timeline> {
    return this.#own({ t: 'offer.accept', interaction: offer.interaction.id, token: offer.token });
  }

  decline(offer: OfferView): Promise<unknown> {
    return this.client.command({ t: 'offer.decline', interaction: offer.interaction.id, token: offer.token });
  }

  /** @throws CommandError already_taken … */
  claim(interaction: string): Promise<Timeline> {
    return this.#own({ t: 'interaction.claim', key: this.chance.key(), interaction });
  }

  /** Takes it by replying (CHT-6). @throws CommandError already_taken … */
  async claimBySaying(interaction: string, text: string): Promise<Timeline> {
    const off = await this.say(interaction, text, { claim: true });
    this.ledger.owns({ interaction, agent: this.id, off });
    return this.followConversation(interaction);
  }

  end(interaction: string): Promise<unknown> {
    return this.client.command({ t: 'interaction.end', key: this.chance.key(), interaction });
  }

  async close(interaction: string, outcome?: string): Promise<void> {
    await this.client.command({ t: 'interaction.close', key: this.chance.key(), interaction, ...(outcome ? { outcome } : {}) });
    this.ledger.closed(interaction);
  }

  endWrapUp(interaction: string): Promise<unknown> {
    return this.client.command({ t: 'wrapUp.end', key: this.chance.key(), interaction });
  }

  protected override told(event: PublicEvent): void {
    switch (event.type) {
      case 'offer.made':
        this.#offered(event.offer, event.at);
        break;
      case 'offer.gone':
        this.offers.delete(event.interaction);
        this.ledger.offerGone(this.id, event.interaction, event.at, event.reason);
        break;
      case 'agent.changed':
        this.#show(event.agent);
        break;
      case 'row.changed':
        this.rows.set(event.interaction.id, event.interaction);
        break;
      case 'row.removed':
        this.rows.delete(event.interaction);
        break;
      default:
        break;
    }
  }

  #follow(feed: string): void {
    this.client.follow(feed, {
      onSnapshot: (snapshot) => this.#load(snapshot),
      onEvent: (event) => this.told(event),
      onState: (event) => this.told(event),
    });
  }

  async #own(frame: { t: string; interaction: string } & Record<string, unknown>): Promise<Timeline> {
    const { interaction } = ownedReply.parse(await this.client.command(frame));
    this.ledger.owns({ interaction: interaction.id, agent: this.id, off: interaction.off });
    return this.followConversation(interaction.id);
  }

  async #changeState(frame: { t: string } & Record<string, unknown>): Promise<void> {
    const body = await this.client.command({ ...frame, key: this.chance.key() });
    const parsed = agentReply.safeParse(body);
    if (parsed.success) this.#show(parsed.data.agent);
  }

  #load(snapshot: Snapshot): void {
    if (snapshot.kind === 'agent') {
      this.#show(snapshot.agent);
      this.offers.clear();
      for (const row of this.rows.values()) if (row.owner?.id === this.id) this.rows.delete(row.id);
      for (const offer of snapshot.offers) this.#offered(offer, offer.expiresAt);
    }
    if (snapshot.kind !== 'agent' && snapshot.kind !== 'queue') {
      this.ledger.breach(`${this.name}: a feed began with a snapshot of kind ${snapshot.kind}`);
      return;
    }
    for (const row of snapshot.interactions) this.rows.set(row.id, row);
  }

  #offered(offer: OfferView, at: number): void {
    this.offers.set(offer.interaction.id, offer);
    this.ledger.offered({ interaction: offer.interaction.id, agent: this.id, token: offer.token, madeAt: at });
  }

  #show(view: AgentView): void {
    this.view = view;
    this.ledger.capacities.set(view.id, view.capacity);
    if (view.load > view.capacity) this.ledger.breach(`${this.name} was told a load of ${view.load} with capacity ${view.capacity}`);
  }
}

/** @throws with the status when the server refuses; retries while no gateway answers. */
async function requestToken({ gateways, email, password, chance, signal, address }: AgentOptions): Promise<string> {
  const response = await until(() => post(chance.pick(gateways), { email, password, transport: 'token' }, signal, address), {
    timeoutMs: 20_000,
    what: `a gateway to sign ${email} in`,
  });
  if (!response.ok) throw new Error(`${email} could not sign in: ${response.status} ${await response.text()}`);
  return signInReply.parse(await response.json()).token;
}

async function post(gateway: string, body: object, signal: AbortSignal, address: string | undefined): Promise<Response | undefined> {
  signal.throwIfAborted();
  try {
    const response = await fetch(`${gateway}/api/v1/auth/sign-in`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(address ? { 'x-forwarded-for': address } : {}) },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(5_000),
    });
    return response.status >= 500 ? undefined : response;
  } catch {
    return undefined; // The gateway does not answer: the next try takes another one.
  }
}
