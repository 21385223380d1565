/** What the API shows of configuration, as far as these pages use it. Times and durations are in the unit that the name ends in. */
import type { Versioned } from './form/form.ts';

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextCursor?: string;
}

export const MODES = [
  'manual',
  'random',
  'balanced',
  'longest_idle',
  'fewest_calls',
  'round_robin',
  'ring_all',
  'linear',
  'skills',
] as const;
export type Mode = (typeof MODES)[number];
export type Channel = 'chat' | 'voice';

export interface SkillNeed {
  readonly skill: string;
  readonly level: number;
}
export interface Relaxation {
  readonly afterSec: number;
  readonly lowerBy: number;
}
export interface Outcome {
  readonly id: string;
  readonly name: string;
  readonly kind: 'OK' | 'KO';
}
export type RecipeOperation =
  | { readonly op: 'queue'; readonly queueId: string }
  | { readonly op: 'priority'; readonly by: number }
  /** `sound`, on a call: of MESSAGE_PROMPTS, or an upload's id. */
  | { readonly op: 'message'; readonly text: string; readonly sound?: string }
  | { readonly op: 'number'; readonly number: string }
  | { readonly op: 'voicemail' }
  | { readonly op: 'callback' }
  | { readonly op: 'close' };
export interface RecipeStep {
  readonly afterSec: number;
  readonly onlyIf: 'always' | 'no_agents';
  readonly do: RecipeOperation;
}

export const MESSAGE_PROMPTS = ['welcome', 'busy', 'no-agents'] as const;
export const VOICE_LANGUAGES = ['en', 'it', 'cs', 'ru'] as const;
export const NUMBER_TYPES = ['local', 'national', 'mobile', 'international', 'premium'] as const;
export type NumberType = (typeof NUMBER_TYPES)[number];
export interface QueueVoice {
  readonly music: string;
  readonly greeting: string;
  readonly language: (typeof VOICE_LANGUAGES)[number];
  readonly announceEverySec: number;
  readonly canExit: boolean;
  readonly exitKey: string;
  readonly exitTo: RecipeOperation;
  readonly callerId: string;
  readonly outboundTypes: readonly NumberType[] | null;
}

export interface QueueValues {
  readonly name: string;
  readonly isActive: boolean;
  readonly mode: Mode;
  readonly channel: Channel;
  readonly ringMax: number;
  readonly required: readonly SkillNeed[];
  readonly preferred: readonly SkillNeed[];
  readonly relaxation: readonly Relaxation[];
  readonly stickyWaitMs: number;
  readonly stickyMemoryMs: number;
  readonly recipe: readonly RecipeStep[];
  readonly serviceLevelSec: number;
  readonly isAutoAccepted: boolean;
  readonly offerTimeoutMs: number;
  readonly maxMissed: number;
  readonly wrapUpMs: number;
  readonly canEndWrapUp: boolean;
  readonly canExtendWrapUp: boolean;
  readonly reconnectMs: number;
  readonly agentLostMs: number;
  readonly limitPerAgent: number;
  readonly priority: number;
  readonly weightSec: number;
  readonly outcomes: readonly Outcome[];
  readonly isOutcomeRequired: boolean;
  readonly autoCloseMs: number;
  readonly autoCloseOutcome: string;
  readonly rating: 'none' | 'thumbs' | 'stars';
  readonly voice: QueueVoice;
}
export type Queue = QueueValues & Versioned & { readonly id: string };

export const INTERRUPTIONS = ['voice>chat', 'voice>video', 'video>chat', 'video>voice', 'chat>voice', 'chat>video'] as const;
export type Interruption = (typeof INTERRUPTIONS)[number];

export interface UserQueue {
  readonly id: string;
  readonly role: 'agent' | 'supervisor';
  readonly order?: number;
}
export interface User extends Versioned {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly role: 'super_admin' | 'admin' | 'member';
  readonly status: 'invited' | 'active' | 'inactive';
  readonly isTotpEnabled: boolean;
  readonly capacity: number;
  readonly voiceCapacity: number;
  readonly videoCapacity: number;
  readonly interrupts: readonly Interruption[];
  readonly outboundTypes: readonly NumberType[] | null;
  readonly skills: readonly SkillNeed[];
  readonly queues: readonly UserQueue[];
}

/** ACC-11. */
export interface AuditEntry {
  readonly id: string;
  readonly at: number;
  readonly actor: { readonly kind: 'user' | 'key' | 'visitor' | 'nobody' | 'system'; readonly name: string };
  readonly action: string;
  readonly target: { readonly kind: string; readonly id: string };
  readonly ip: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** Shown once, by the answer that made it. */
export interface InvitationLink {
  readonly url: string;
  readonly expiresAt: number;
}

export interface Skill extends Versioned {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly agents?: number;
}
export interface PauseReason extends Versioned {
  readonly id: string;
  readonly name: string;
  readonly isEnabled: boolean;
  readonly position: number;
}
export interface Account extends Versioned {
  readonly canSignInAnywhere: boolean;
}

export const ELEMENT_RULES = ['on', 'off', 'forbidden'] as const;
export type ElementRule = (typeof ELEMENT_RULES)[number];
export interface Elements {
  readonly camera: ElementRule;
  readonly microphone: ElementRule;
  readonly screen: ElementRule;
}
export interface VideoRules {
  readonly isOn: boolean;
  readonly policy: string;
  readonly agent: Elements;
  readonly client: Elements;
  readonly canFullScreen: boolean;
}
export interface Group extends Versioned {
  readonly id: string;
  readonly name: string;
  readonly isActive: boolean;
  readonly video: VideoRules;
}

export interface Sound extends Versioned {
  readonly id: string;
  readonly name: string;
  readonly durationMs: number;
}
export interface PhoneNumber extends Versioned {
  readonly id: string;
  readonly number: string;
  readonly label: string;
  readonly queueId: string;
  readonly queueName: string;
  readonly isActive: boolean;
}
export interface Phone extends Versioned {
  readonly id: string;
  readonly userId: string;
  readonly userName: string;
  readonly name: string;
  readonly type: 'sip' | 'external';
  readonly username: string;
  readonly number: string;
  /** Empty: none. */
  readonly extension: string;
  readonly isActive: boolean;
  readonly isLive: boolean;
  readonly registrations: readonly { readonly userAgent: string; readonly expiresAt: number }[];
}
/** What a phone or a trunk registers with; the server says it once. */
export interface SipCredentials {
  readonly username: string;
  readonly password: string;
  readonly realm: string;
  /** Host, and port where it is not the usual one. */
  readonly server: string;
}
export interface TrunkValues {
  readonly name: string;
  readonly type: 'address' | 'registers' | 'provider';
  readonly sources: readonly string[];
  readonly host: string;
  readonly port: number;
  readonly transport: 'udp' | 'tcp' | 'tls';
  readonly username: string;
  readonly outboundProxy: string;
  readonly authUsername: string;
  readonly prefixes: readonly string[];
  readonly callerId: string;
  readonly maxCalls: number;
  readonly maxCallsPerMinute: number;
  readonly maxMinutesPerDay: number;
  readonly isActive: boolean;
}
export interface Trunk extends TrunkValues, Versioned {
  readonly id: string;
  readonly hasPassword: boolean;
  /** Absent for one that does not register, and while nothing is known. */
  readonly registration?: {
    readonly isRegistered: boolean;
    /** SIP status of the provider's last answer; absent: none came. */
    readonly code?: number;
    readonly reason: string;
    readonly since?: number;
    readonly at?: number;
  };
}
export interface OutboundRules {
  readonly homeCountry: string;
  readonly countries: readonly string[];
  readonly types: readonly NumberType[];
  readonly perAgentPerMinute: number;
}
