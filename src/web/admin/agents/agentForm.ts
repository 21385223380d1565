/**
 * RTE-3, RTE-5: an agent's capacities, skills and queues as one form. The server keeps them in three places, so saving is up to three kinds of
 * requests; memberships go first, because they can be repeated, and what carries a version follows.
 */
import { Problem } from '../../desk/api.ts';
import { adminApi } from '../api.ts';
import { Form, type Versioned } from '../form/form.ts';
import type { Interruption, NumberType, SkillNeed, User } from '../types.ts';

export interface Membership {
  readonly queue: string;
  readonly isAgent: boolean;
  readonly isSupervisor: boolean;
  /** Place in the order of linear queues; undefined: last. */
  readonly order: number | undefined;
}
export interface AgentValues {
  readonly capacity: number;
  readonly voiceCapacity: number;
  readonly videoCapacity: number;
  readonly interrupts: readonly Interruption[];
  /** VOX-6; null: what the account lets everybody. */
  readonly outboundTypes: readonly NumberType[] | null;
  readonly skills: readonly SkillNeed[];
  readonly memberships: readonly Membership[];
}

export function createAgentForm(user: User): Form<AgentValues> {
  /** Our own requests before one that failed have raised it. */
  let ownVersion = 0;
  return new Form<AgentValues>(valuesOf(user), {
    reload: async () => valuesOf(await adminApi.user(user.id)),
    change: async ({ skills, memberships, ...fields }, seen) => {
      if (memberships) await changeMemberships(user.id, memberships);
      let version = Math.max(seen, ownVersion);
      if (Object.keys(fields).length > 0) version = (await adminApi.changeUser(user.id, fields, version)).version;
      ownVersion = version;
      if (skills) await adminApi.setSkills(user.id, skills, version);
      ownVersion = 0;
      return valuesOf(await adminApi.user(user.id));
    },
  });
}

async function changeMemberships(user: string, wanted: readonly Membership[]): Promise<void> {
  const known = membershipsOf(await adminApi.user(user));
  for (const membership of wanted) {
    const before = known.find(({ queue }) => queue === membership.queue);
    if (JSON.stringify(before) === JSON.stringify(membership)) continue;
    const roles = [membership.isAgent && 'agent', membership.isSupervisor && 'supervisor'].filter((role) => role !== false);
    await adminApi.setMember(membership.queue, user, { roles, ...(membership.isAgent && { order: membership.order ?? null }) });
  }
  for (const { queue } of known) {
    if (wanted.some((membership) => membership.queue === queue)) continue;
    await adminApi.removeMember(queue, user).catch((error: unknown) => {
      if (!(error instanceof Problem && error.code === 'not_found')) throw error;
    });
  }
}

function valuesOf(user: User): AgentValues & Versioned {
  const { capacity, voiceCapacity, videoCapacity, interrupts, outboundTypes, skills, version } = user;
  return { capacity, voiceCapacity, videoCapacity, interrupts, outboundTypes, skills, version, memberships: membershipsOf(user) };
}

function membershipsOf(user: User): Membership[] {
  const ids = [...new Set(user.queues.map(({ id }) => id))];
  return ids.map((queue) => {
    const roles = user.queues.filter(({ id }) => id === queue);
    const agent = roles.find(({ role }) => role === 'agent');
    return { queue, isAgent: agent !== undefined, isSupervisor: roles.some(({ role }) => role === 'supervisor'), order: agent?.order };
  });
}
