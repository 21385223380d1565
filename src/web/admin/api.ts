/** The HTTP calls of configuration and overview. Every change names the version it was made on. */
import { call, everyPage } from '../desk/api.ts';
import type { Versioned } from './form/form.ts';
import { uploadSound } from './phones/uploadSound.ts';
import type {
  Account,
  AuditEntry,
  Group,
  InvitationLink,
  OutboundRules,
  Page,
  PauseReason,
  Phone,
  PhoneNumber,
  Queue,
  QueueValues,
  SipCredentials,
  Skill,
  SkillNeed,
  Sound,
  Trunk,
  User,
} from './types.ts';

const PAGE = 200;

interface ListQuery {
  readonly search?: string;
  readonly cursor?: string | undefined;
  readonly limit?: number;
}

interface AuditQuery {
  readonly who: string;
  readonly what: string;
  /** Unix milliseconds, `to` exclusive. */
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly cursor: string | undefined;
}

/** What is empty is left out. */
export function query(fields: Readonly<Record<string, string | number | undefined>>): string {
  const text = new URLSearchParams(Object.entries(fields).flatMap(([name, value]) => (value ? [[name, String(value)]] : []))).toString();
  return text && `?${text}`;
}

export const adminApi = {
  queues: (list: ListQuery) => call<Page<Queue>>('GET', `/queues${query({ ...list })}`),
  allQueues: () => everyPage<Queue>('/queues'),
  queue: (id: string) => call<Queue>('GET', `/queues/${id}`),
  makeQueue: (queue: Partial<QueueValues>) => call<Queue>('POST', '/queues', queue),
  changeQueue: (id: string, change: Partial<QueueValues>, version: number) => call<Queue>('PATCH', `/queues/${id}`, { ...change, version }),
  deleteQueue: (id: string) => call<void>('DELETE', `/queues/${id}`),

  users: (list: ListQuery) => call<Page<User>>('GET', `/users${query({ ...list })}`),
  allUsers: () => everyPage<User>('/users'),
  user: (id: string) => call<User>('GET', `/users/${id}`),
  invite: (person: object) => call<{ user: User; invitation: InvitationLink }>('POST', '/users', person),
  renewInvitation: (id: string) => call<InvitationLink>('POST', `/users/${id}/invitation`),
  switchSecondFactorOff: (id: string) => call<void>('DELETE', `/users/${id}/second-factor`),
  changeUser: (id: string, change: object, version: number) => call<User>('PATCH', `/users/${id}`, { ...change, version }),
  setSkills: (id: string, skills: readonly SkillNeed[], version: number) => call<User>('PUT', `/users/${id}/skills`, { skills, version }),
  setMember: (queue: string, user: string, member: { roles: readonly string[]; order?: number | null }) =>
    call<void>('PUT', `/queues/${queue}/members/${user}`, member),
  removeMember: (queue: string, user: string) => call<void>('DELETE', `/queues/${queue}/members/${user}`),

  audit: (list: AuditQuery) => call<Page<AuditEntry>>('GET', `/audit${query({ ...list })}`),

  allSkills: () => everyPage<Skill>('/skills'),
  makeSkill: (skill: { name: string; description: string }) => call<Skill>('POST', '/skills', skill),
  changeSkill: (id: string, change: object, version: number) => call<Skill>('PATCH', `/skills/${id}`, { ...change, version }),
  deleteSkill: (id: string) => call<void>('DELETE', `/skills/${id}`),

  pauseReasons: () => call<Page<PauseReason>>('GET', '/pause-reasons'),
  makePauseReason: (name: string) => call<PauseReason>('POST', '/pause-reasons', { name }),
  changePauseReason: (id: string, change: object, version: number) =>
    call<PauseReason>('PATCH', `/pause-reasons/${id}`, { ...change, version }),
  deletePauseReason: (id: string) => call<void>('DELETE', `/pause-reasons/${id}`),

  groups: (list: ListQuery) => call<Page<Group>>('GET', `/groups${query({ ...list })}`),
  group: (id: string) => call<Group>('GET', `/groups/${id}`),
  changeGroup: (id: string, change: object, version: number) => call<Group>('PATCH', `/groups/${id}`, { ...change, version }),

  numbers: (list: ListQuery) => call<Page<PhoneNumber>>('GET', `/numbers${query({ ...list })}`),
  nextNumber: async () => (await call<{ number: string }>('GET', '/numbers/next')).number,
  makeNumber: (number: object) => call<PhoneNumber>('POST', '/numbers', number),
  changeNumber: (id: string, change: object, version: number) => call<PhoneNumber>('PATCH', `/numbers/${id}`, { ...change, version }),
  deleteNumber: (id: string) => call<void>('DELETE', `/numbers/${id}`),

  phones: (list: ListQuery) => call<Page<Phone>>('GET', `/phones${query({ ...list })}`),
  phonesOf: async (user: string) => (await call<Page<Phone>>('GET', `/phones${query({ user, limit: PAGE })}`)).items,
  makePhone: (phone: object) => call<{ phone: Phone; credentials?: SipCredentials }>('POST', '/phones', phone),
  changePhone: (id: string, change: object, version: number) => call<Phone>('PATCH', `/phones/${id}`, { ...change, version }),
  newPhonePassword: (id: string, version: number) =>
    call<{ phone: Phone; credentials: SipCredentials }>('POST', `/phones/${id}/password`, { version }),
  deletePhone: (id: string) => call<void>('DELETE', `/phones/${id}`),

  trunks: () => everyPage<Trunk>('/trunks'),
  makeTrunk: (trunk: object) => call<{ trunk: Trunk; credentials?: SipCredentials }>('POST', '/trunks', trunk),
  changeTrunk: (id: string, change: object, version: number) => call<Trunk>('PATCH', `/trunks/${id}`, { ...change, version }),
  newTrunkPassword: (id: string, version: number) =>
    call<{ trunk: Trunk; credentials: SipCredentials }>('POST', `/trunks/${id}/password`, { version }),
  deleteTrunk: (id: string) => call<void>('DELETE', `/trunks/${id}`),
  outbound: () => call<OutboundRules & Versioned>('GET', '/outbound'),
  changeOutbound: (change: object, version: number) => call<OutboundRules & Versioned>('PATCH', '/outbound', { ...change, version }),

  sounds: () => everyPage<Sound>('/sounds'),
  uploadSound: (file: File): Promise<Sound> => uploadSound(file),
  deleteSound: (id: string) => call<void>('DELETE', `/sounds/${id}`),

  account: () => call<Account>('GET', '/account'),
  changeAccount: (change: Partial<Account>, version: number) => call<Account>('PATCH', '/account', { ...change, version }),
};
