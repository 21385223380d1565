/** What a page that carries the widget may know of its group. Answered from Redis alone, so that the widget works while PostgreSQL is away. */
import { z } from 'zod';
import type { GroupDoc } from '../../queues/config.ts';
import type { AccessDeps } from '../accounts/deps.ts';
import { type Route, route } from '../api/route.ts';
import { AppError } from '../base/errors.ts';
import type { QueueId } from '../base/ids.ts';
import { videoRules } from '../protocol/video.ts';

export function publicGroupRoutes({ engine }: Pick<AccessDeps, 'engine'>): Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/public/groups/:publicId',
      summary: 'Texts and look of a widget, and whether anybody is there',
      tag: 'Widget',
      action: 'public',
      params: z.object({ publicId: z.string().max(64) }),
      query: z.object({ language: z.string().max(35).default('') }),
      answers: {
        200: z.object({
          publicId: z.string(),
          name: z.string(),
          texts: z.record(z.string(), z.string()).describe('In the language asked for; where a text is missing, in the primary one'),
          appearance: z.record(z.string(), z.string()),
          isOnline: z.boolean(),
          rating: z.enum(['none', 'thumbs', 'stars']),
          video: videoRules.describe('With the policy in the language asked for'),
        }),
      },
      handler: async (request) => {
        const found = await engine.config.groupByPublicId(request.params.publicId);
        if (!found?.group.isActive) throw new AppError('not_found');
        const { scope, group } = found;
        const queueId = group.queueId as QueueId;
        const [account, queue, figures] = await Promise.all([
          engine.config.account(scope),
          engine.config.queue(scope, queueId),
          engine.views.figures(scope, queueId),
        ]);
        // ACC-1, GRP-1: nothing of an inactive account serves; the widget disappears.
        if (!account?.isActive || !queue?.isActive) throw new AppError('not_found');
        const { publicId, name, appearance } = group;
        const isOnline = (figures?.agentsOnline ?? 0) > 0;
        const { videoPolicy, ...texts } = textsFor(group, request.query.language);
        // GRP-2: a group without a policy has none in any language.
        const policy = group.video.policy && (videoPolicy ?? group.video.policy);
        const video = { ...group.video, policy };
        return {
          status: 200,
          headers: { 'cache-control': 'no-cache' },
          body: { publicId, name, texts, appearance, isOnline, rating: queue.rating, video },
        };
      },
    }),
  ];
}

/** GRP-2: exactly the language, else its family (`it` for `it-CH`), over the primary language. */
export function textsFor(
  { texts, primaryLanguage }: Pick<GroupDoc, 'texts' | 'primaryLanguage'>,
  language: string,
): Record<string, string> {
  const family = language.split('-', 1)[0] ?? '';
  return { ...texts[primaryLanguage], ...(texts[language] ?? texts[family]) };
}
