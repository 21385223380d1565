/** A group as the API shows and takes it. Texts are plain; looks are values without quotes or angle brackets, so none can break out of a page. */
import { randomBytes } from 'node:crypto';
import type { Selectable } from 'kysely';
import { z } from 'zod';
import { type GroupDoc, videoDefaults } from '../../queues/config.ts';
import { displayName, seenVersion, time, version } from '../api/fields.ts';
import type { ChatGroupTable } from '../db/tables.ts';
import { videoRules } from '../protocol/video.ts';
import { groupFields, withVideo } from './compile.ts';

const LANGUAGES_MAX = 30;
const KEYS_MAX = 100;

const language = z.string().regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$/, 'a language such as en or pt-BR');
const key = z.string().regex(/^[A-Za-z][A-Za-z0-9._-]{0,49}$/, 'a letter, then letters, digits, . _ -');
const atMost = (count: number) => [(entries: object) => Object.keys(entries).length <= count, `at most ${count} entries`] as const;

const { shape } = videoRules;
const elements = z
  .strictObject(shape.agent.shape)
  .describe('on: sent from entering on; off: the person can switch it on; forbidden: the server refuses it');
const video = z.strictObject({
  isOn: shape.isOn.describe('Visitors may ask for it, agents may invite to it'),
  policy: shape.policy.describe(
    'Shown before entering, must be agreed to; empty: none. Plain text, of the primary language; others as the text videoPolicy',
  ),
  agent: elements,
  client: elements,
  canFullScreen: shape.canFullScreen.describe('GRP-4: the visitor may leave the box for the whole screen'),
});

const settings = z.object({
  name: displayName,
  queueId: z.string().max(40).describe('Where its conversations wait'),
  isActive: z.boolean().describe('Inactive: the widget disappears'),
  primaryLanguage: language,
  texts: z
    .record(language, z.record(key, z.string().max(4_000)).refine(...atMost(KEYS_MAX)))
    .refine(...atMost(LANGUAGES_MAX))
    .describe('Visitor texts by language, then by key; a missing one falls back to the primary language'),
  appearance: z
    .record(key, z.string().regex(/^[A-Za-z0-9#(),.%/:_? &=+ -]{0,500}$/, 'letters, digits and # ( ) , . % / : _ ? & = + - only'))
    .refine(...atMost(KEYS_MAX))
    .describe('Look of the widget: colours, side, icon'),
  video: video.describe('GRP-5, APP-10, VID-3'),
});

const changedVideo = video
  .partial()
  .extend({ agent: elements.partial().optional(), client: elements.partial().optional() })
  .optional()
  .describe('What is left out of it stays as it is');
export const groupBody = z.strictObject(settings.shape).partial().required({ name: true, queueId: true }).extend({ video: changedVideo });
export const groupChange = z.strictObject(settings.shape).partial().extend({ video: changedVideo, version: seenVersion });
export const groupView = settings.extend({
  id: z.string(),
  publicId: z.string().describe('Stands in the snippet'),
  version,
  createdAt: time,
});

export function toGroupView(row: Selectable<ChatGroupTable>): z.infer<typeof groupView> {
  const { accountId: _, ...fields } = groupFields(row);
  return { ...fields, version: row.version, createdAt: row.created_at.getTime() };
}

/** Kysely leaves out what is undefined. */
export function toGroupColumns(group: Omit<z.infer<typeof groupChange>, 'version'>, before: GroupDoc['video'] = videoDefaults) {
  return {
    name: group.name,
    queue_id: group.queueId,
    is_active: group.isActive,
    primary_language: group.primaryLanguage,
    texts: group.texts && JSON.stringify(group.texts),
    appearance: group.appearance && JSON.stringify(group.appearance),
    video: group.video && JSON.stringify(withVideo(before, group.video)),
  };
}

/** Sixteen letters and digits: not guessed, and easy to copy. */
export function newPublicId(): string {
  return randomBytes(8).toString('hex');
}

/** WID-1: one script tag. Both values are free of quotes: an address of ours and a public id. */
export function embedSnippet(origin: string, publicId: string): string {
  return `<script async src="${origin}/widget.js" data-group="${publicId}"></script>`;
}
