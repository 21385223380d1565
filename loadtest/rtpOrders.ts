/** What the rtp benchmark says to its child processes over their channels, and what they answer. */

/** To the bare relay, the media process and the sink. */
export type ServeOrder = { readonly do: 'open'; readonly count: number };
export type ServeReport =
  | { readonly did: 'listening'; readonly port: number }
  /** Ports in the order they were opened; of the relay, a pair per call. */
  | { readonly did: 'opened'; readonly ports: readonly number[] };

/** To the phones. A phone sends to `target` and, when it is `heardBy` another, each of its packets is expected there. */
export type PhoneOrder =
  | { readonly do: 'open'; readonly count: number }
  | { readonly do: 'aim'; readonly targets: readonly number[]; readonly from: number }
  /** Phones 0 to `phones` − 1 send; `pairs`: 2n and 2n + 1 hear each other; otherwise what they hear is only counted. */
  | {
      readonly do: 'run';
      readonly phones: number;
      readonly isSending: boolean;
      readonly isPaired: boolean;
      readonly warmUpMs: number;
      readonly measureMs: number;
    };

export interface PhoneRun {
  readonly sent: number;
  readonly heard: number;
  readonly windowMs: number;
  /** Pairs: from the sending phone to the hearing one. */
  readonly delaysMs: readonly number[];
  /** Pairs: what the way took longer than the direct one of the same moment. */
  readonly addedMs: readonly number[];
  /** Between packets of one phone. */
  readonly gapsMs: readonly number[];
  /** How late the phones themselves were with their packets; later than 4 ms they send less instead. */
  readonly lateP99Ms: number;
  /** Share of one core it used. */
  readonly cores: number;
}

export type PhoneReport =
  | { readonly did: 'opened'; readonly ports: readonly number[] }
  | { readonly did: 'aimed' }
  | { readonly did: 'windowBegan' }
  | { readonly did: 'windowEnded' }
  | ({ readonly did: 'ran' } & PhoneRun)
  | { readonly did: 'failed'; readonly error: string };
