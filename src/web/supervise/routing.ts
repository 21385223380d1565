/** BEY-2: the explanation of an interaction's routing as the API shows it, as far as it is drawn. Times are Unix milliseconds. */
interface Named {
  readonly id: string;
  readonly name: string;
}

export interface Why {
  /** Which side looked: the interaction for an agent, or an agent who came free for an interaction. */
  readonly by: 'interaction' | 'agent';
  /** What decided, as a code. */
  readonly key: string;
  readonly text: string;
  readonly value: number;
  /** The next best: an agent, or (by agent) an interaction, which has no name. */
  readonly runnerUp?: Named & { readonly value: number };
  readonly compared: number;
  readonly excluded: readonly { readonly reason: string; readonly count: number; readonly text: string }[];
}

export interface WhyNot {
  readonly reason: string;
  readonly text: string;
  readonly pauseReason?: Named;
  readonly held?: { readonly chat: number; readonly voice: number; readonly video: number };
  readonly blockedBy?: 'chat' | 'voice' | 'video';
  readonly skill?: Named & { readonly needed: number; readonly held: number };
}

export interface RoutingStep {
  readonly seq: number;
  readonly at: number;
  readonly kind: string;
  readonly queue: Named;
  readonly agent?: Named;
  readonly text: string;
  readonly required?: readonly (Named & { readonly level: number })[];
  readonly why?: Why;
  readonly whyNot?: WhyNot;
}

export interface RoutingView {
  readonly interaction: string;
  readonly agent?: Named;
  /** In the order of the log. */
  readonly decisions: readonly RoutingStep[];
  readonly nextCursor?: string;
}
