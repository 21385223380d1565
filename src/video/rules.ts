/** What a group says about video (GRP-5, APP-10), as the server enforces it. */
import type { Engine, Scope } from '../../queues/engine.ts';
import type { Elements, MediaSource, VideoRules } from '../protocol/video.ts';
import type { InteractionView } from '../protocol/views.ts';
import type { RoomMember } from './commands.ts';

/** Of an interaction without a group. */
const withoutGroup: VideoRules = {
  isOn: true,
  policy: '',
  agent: { camera: 'on', microphone: 'on', screen: 'off' },
  client: { camera: 'on', microphone: 'on', screen: 'off' },
  canFullScreen: true,
};

export async function videoRulesOf(_engine: Pick<Engine, 'config'>, _scope: Scope, _view: InteractionView): Promise<VideoRules> {
  return withoutGroup;
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
