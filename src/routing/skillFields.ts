/** RTE-3: a skill of the account's registry, and what an agent can, as the API shows and takes them. */
import type { Selectable } from 'kysely';
import { z } from 'zod';
import { skillNeed } from '../../queues/config.ts';
import { displayName, seenVersion, time, version } from '../api/fields.ts';
import type { SkillTable } from '../db/tables.ts';

export const SKILLS_PER_AGENT = 100;
export const SKILLS_PER_ACCOUNT = 1_000;

const settings = z.object({
  name: displayName.describe('Unique in the account, regardless of case'),
  description: z.string().trim().max(500),
});

export const skillBody = z.strictObject(settings.shape).partial().required({ name: true });
export const skillChange = z.strictObject(settings.shape).partial().extend({ version: seenVersion });
export const skillView = settings.extend({
  id: z.string(),
  /** Absent where skills are only named. */
  agents: z.number().int().describe('How many people have it'),
  version,
  createdAt: time,
});

/** Skill (id) and level, 1 to 10. */
export const agentSkills = z
  .array(z.strictObject(skillNeed.shape))
  .max(SKILLS_PER_AGENT)
  .refine((skills) => new Set(skills.map(({ skill }) => skill)).size === skills.length, 'a skill is named twice');
export const agentSkillsBody = z.strictObject({ skills: agentSkills, version: seenVersion });

export function toSkillView(row: Selectable<SkillTable>, agents: number): z.infer<typeof skillView> {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    agents,
    version: row.version,
    createdAt: row.created_at.getTime(),
  };
}
