/** The HTTP calls of configuration and overview. Every change names the version it was made on. */
import { call } from '../desk/api.ts';
import type { Account, Page, PauseReason, Queue, QueueValues, Skill, SkillNeed, User } from './types.ts';

const PAGE = 200;

interface ListQuery {
  readonly search?: string;
  readonly cursor?: string | undefined;
  readonly limit?: number;
}

function query(fields: Readonly<Record<string, string | number | undefined>>): string {
  const text = new URLSearchParams(Object.entries(fields).flatMap(([name, value]) => (value ? [[name, String(value)]] : []))).toString();
  return text && `?${text}`;
}

/** All pages of a list that is known to be short. */
async function all<Item>(path: string): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | undefined;
  do {
    const page: Page<Item> = await call('GET', `${path}${query({ limit: PAGE, cursor })}`);
    items.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return items;
}

export const adminApi = {
  queues: (list: ListQuery) => call<Page<Queue>>('GET', `/queues${query({ ...list })}`),
  allQueues: () => all<Queue>('/queues'),
  queue: (id: string) => call<Queue>('GET', `/queues/${id}`),
  makeQueue: (queue: Partial<QueueValues>) => call<Queue>('POST', '/queues', queue),
  changeQueue: (id: string, change: Partial<QueueValues>, version: number) => call<Queue>('PATCH', `/queues/${id}`, { ...change, version }),
  deleteQueue: (id: string) => call<void>('DELETE', `/queues/${id}`),

  users: (list: ListQuery) => call<Page<User>>('GET', `/users${query({ ...list })}`),
  user: (id: string) => call<User>('GET', `/users/${id}`),
  changeUser: (id: string, change: object, version: number) => call<User>('PATCH', `/users/${id}`, { ...change, version }),
  setSkills: (id: string, skills: readonly SkillNeed[], version: number) => call<User>('PUT', `/users/${id}/skills`, { skills, version }),
  setMember: (queue: string, user: string, member: { roles: readonly string[]; order?: number | null }) =>
    call<void>('PUT', `/queues/${queue}/members/${user}`, member),
  removeMember: (queue: string, user: string) => call<void>('DELETE', `/queues/${queue}/members/${user}`),

  allSkills: () => all<Skill>('/skills'),
  makeSkill: (skill: { name: string; description: string }) => call<Skill>('POST', '/skills', skill),
  changeSkill: (id: string, change: object, version: number) => call<Skill>('PATCH', `/skills/${id}`, { ...change, version }),
  deleteSkill: (id: string) => call<void>('DELETE', `/skills/${id}`),

  pauseReasons: () => call<Page<PauseReason>>('GET', '/pause-reasons'),
  makePauseReason: (name: string) => call<PauseReason>('POST', '/pause-reasons', { name }),
  changePauseReason: (id: string, change: object, version: number) =>
    call<PauseReason>('PATCH', `/pause-reasons/${id}`, { ...change, version }),
  deletePauseReason: (id: string) => call<void>('DELETE', `/pause-reasons/${id}`),

  account: () => call<Account>('GET', '/account'),
  changeAccount: (change: Partial<Account>, version: number) => call<Account>('PATCH', '/account', { ...change, version }),
};
