/** A visitor of a website who chats. Created by tests and load; keeps its identity over connections, as the widget does over reloads. */
import { replies } from '../../src/protocol/frames.ts';
import type { InteractionView } from '../../src/protocol/views.ts';
import { Participant, type ParticipantOptions } from './participant.ts';
import type { Timeline } from './timeline.ts';

export interface VisitorOptions extends ParticipantOptions {
  /** Public identifier of the group, from the embed snippet. */
  readonly group: string;
  /** Identity from an earlier visit: another tab, a reload. */
  readonly token?: string;
}

export class Visitor extends Participant {
  /** The visitor's own secret, once greeted. */
  token: string | undefined;
  contact = '';
  /** Own conversations as the latest greeting told them. */
  conversations: readonly InteractionView[] = [];
  /** Interaction of the conversation that was started last. */
  interaction = '';
  readonly #group: string;

  constructor(options: VisitorOptions) {
    super(options);
    this.#group = options.group;
    this.token = options.token;
  }

  protected override hello(): Promise<Record<string, unknown>> {
    return Promise.resolve({ t: 'hello', v: 1, as: 'visitor', group: this.#group, ...(this.token ? { token: this.token } : {}) });
  }

  protected override greeted(body: Record<string, unknown>): void {
    const parsed = replies['hello visitor'].safeParse(body);
    if (!parsed.success) {
      this.ledger.breach(`${this.name}: the reply to hello does not match the protocol: ${parsed.error.message}`);
      return;
    }
    const { token, contact, conversations } = parsed.data;
    if (this.contact && contact !== this.contact) this.ledger.breach(`${this.name}: was ${this.contact} and is greeted as ${contact}`);
    Object.assign(this, { token, contact, conversations });
  }

  /** Opens a conversation with its first message and follows it. @throws CommandError */
  async start(text: string, { key = this.chance.key() }: { key?: string } = {}): Promise<Timeline> {
    const body = replies['chat.start'].parse(await this.client.command({ t: 'chat.start', key, text }));
    this.interaction = body.interaction.id;
    this.ledger.started(this.interaction);
    return this.followConversation(this.interaction);
  }

  /** Ends the conversation for both sides. */
  end(): Promise<unknown> {
    return this.client.command({ t: 'chat.end', interaction: this.interaction });
  }

  rate(value: number): Promise<unknown> {
    return this.client.command({ t: 'chat.rate', interaction: this.interaction, value });
  }
}
