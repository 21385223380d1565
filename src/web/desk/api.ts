/** The desk's HTTP calls. Signed in by cookie; every change carries the header that foreign pages cannot set. */
import { HttpError, type RestHost } from '../conversation/rest.ts';
import type { AgentView, CallView } from '../socket/wire.ts';

export const host: RestHost = { origin: location.origin, credentials: () => ({ 'X-Centralino': '1' }) };

export interface Me {
  readonly user: { readonly id: string; readonly name: string; readonly role: string };
  readonly account: { readonly id: string; readonly name: string };
  readonly serves: readonly string[];
  readonly supervises: readonly string[];
}
export interface SignInSession {
  readonly id: string;
  readonly lastSeenAt: number;
  readonly ip: string;
  readonly userAgent: string;
  readonly isCurrent: boolean;
}
export interface Outcome {
  readonly id: string;
  readonly name: string;
  readonly kind: 'OK' | 'KO';
}
export interface QueueSettings {
  readonly id: string;
  readonly name: string;
  readonly outcomes: readonly Outcome[];
  readonly isOutcomeRequired: boolean;
  readonly canEndWrapUp: boolean;
  readonly canExtendWrapUp: boolean;
}
/** A queue that the agent may sign in to. */
export interface ServableQueue {
  readonly id: string;
  readonly name: string;
  readonly channel: 'chat' | 'voice';
  readonly isAssigned: boolean;
}
type Stage = { readonly stage: 'full' | 'second_factor' };

/** A refused request as the server's problem document says it (RFC 9457). */
export class Problem extends HttpError {
  override name = 'Problem';
  /** What is wrong with which field, by its dotted path. */
  readonly fields: ReadonlyMap<string, string>;
  /** What exactly, in the server's words; may be empty. */
  readonly detail: string;
  constructor(status: number, code: string, text: string, document: Record<string, unknown>) {
    super(status, code, text);
    const errors = Array.isArray(document.errors) ? (document.errors as { path: string; message: string }[]) : [];
    this.fields = new Map(errors.map(({ path, message }) => [path, message]));
    this.detail = String(document.detail ?? '');
  }
}

/** @throws Problem with the code of the problem document, `offline` when there was no answer */
export async function call<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(`/api/v1${path}`, {
    method,
    headers: { 'X-Centralino': '1', ...(body !== undefined && { 'Content-Type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  }).catch(() => {
    throw new Problem(0, 'offline', '', {});
  });
  const text = await response.text();
  const answer = text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {};
  if (response.ok) return answer as Answer;
  const retryAfter = response.headers.get('Retry-After');
  throw new Problem(response.status, String(answer.code ?? 'internal'), retryAfter ?? problemText(answer), answer);
}

/** The first wrong field, else what the problem says. */
function problemText(problem: Record<string, unknown>): string {
  const first = Array.isArray(problem.errors) ? (problem.errors[0] as { message?: string } | undefined) : undefined;
  return String(first?.message ?? problem.detail ?? problem.title ?? '');
}

const PAGE = 200;

/** All pages of a list, one after the other. */
export async function everyPage<Item>(path: string): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | undefined;
  do {
    const query = new URLSearchParams({ limit: String(PAGE), ...(cursor !== undefined && { cursor }) });
    const page = await call<{ items: Item[]; nextCursor?: string }>('GET', `${path}?${query}`);
    items.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return items;
}

export const api = {
  me: () => call<Me>('GET', '/auth/me'),
  signIn: (email: string, password: string) => call<Stage>('POST', '/auth/sign-in', { email, password }),
  secondFactor: (code: string) => call<Stage>('POST', '/auth/second-factor', { code }),
  signOut: () => call<void>('POST', '/auth/sign-out'),
  readInvitation: (token: string) =>
    call<{ accountName: string; email: string; name: string }>('POST', '/auth/invitations/read', { token }),
  acceptInvitation: (token: string, password: string) => call<Stage>('POST', '/auth/invitations/accept', { token, password }),
  sessions: () => call<{ items: SignInSession[] }>('GET', '/auth/sessions'),
  revokeSession: (id: string) => call<void>('DELETE', `/auth/sessions/${id}`),
  revokeOthers: () => call<void>('DELETE', '/auth/sessions'),
  credentials: () => call<{ email: string; isTotpEnabled: boolean; recoveryCodesLeft: number }>('GET', '/auth/credentials'),
  changePassword: (current: string, next: string) => call<void>('POST', '/auth/password', { current, next }),
  enrolTotp: (password: string) => call<{ secret: string; uri: string }>('POST', '/auth/totp/enrol', { password }),
  confirmTotp: (code: string) => call<{ recoveryCodes: string[] }>('POST', '/auth/totp/confirm', { code }),
  disableTotp: (password: string) => call<void>('POST', '/auth/totp/disable', { password }),
  agents: () => everyPage<AgentView>('/agents'),
  servableQueues: (agent: string) => call<{ items: ServableQueue[] }>('GET', `/agents/${agent}/queues`),
  /** Empty before an agent has it. */
  call: (interaction: string) => call<Partial<CallView>>('GET', `/interactions/${interaction}/call`),
  /** Those that calls can go on to. */
  voiceQueues: async () =>
    (await call<{ items: { id: string; name: string; channel: string; isActive: boolean }[] }>('GET', '/queues?limit=200')).items.filter(
      ({ channel, isActive }) => channel === 'voice' && isActive,
    ),
  queue: (id: string) => call<QueueSettings>('GET', `/queues/${id}`),
};
