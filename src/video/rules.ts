/** What a group says about video (GRP-5, APP-10), as the server enforces it. */
import { videoDefaults } from '../../queues/config.ts';
import type { Engine, Scope } from '../../queues/engine.ts';
import type { GroupId } from '../base/ids.ts';
import type { Elements, MediaSource, VideoRules } from '../protocol/video.ts';
import type { InteractionView } from '../protocol/views.ts';
import type { RoomMember } from './commands.ts';

/** A conversation without a group has no video. */
export async function videoRulesOf(engine: Pick<Engine, 'config'>, scope: Scope, { group }: InteractionView): Promise<VideoRules> {
  const doc = group === undefined ? undefined : await engine.config.group(scope, group as GroupId);
  return doc?.video ?? videoDefaults;
}

/** APP-10, of the member's side. */
export function elementsOf(rules: VideoRules, { role }: Pick<RoomMember, 'role'>): Elements {
  return role === 'agent' ? rules.agent : rules.client;
}

export function isForbidden(elements: Elements, source: MediaSource): boolean {
  return elements[source === 'screenAudio' ? 'screen' : source] === 'forbidden';
}

export function kindOf(source: MediaSource): 'audio' | 'video' {
  return source === 'microphone' || source === 'screenAudio' ? 'audio' : 'video';
}
