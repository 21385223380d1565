/**
 * What the embedding page may say, as attributes of the script tag:
 *   data-group     public identifier of the group (required)
 *   data-language  language of the texts; absent: that of the page, then of the browser
 *   data-side      "left" or "right" (reading direction aside); absent: as the group is set up
 *   data-open      "true" opens the panel at once
 *   data-name, data-email  what is already known of the visitor
 */
import type { VideoRules } from '../../protocol/video.ts';

export interface WidgetOptions {
  readonly origin: string;
  readonly group: string;
  readonly language: string;
  readonly side: 'left' | 'right' | undefined;
  readonly isOpen: boolean;
  readonly name: string;
  readonly email: string;
}

/** Undefined when the tag names no group. */
export function optionsOf(script: HTMLScriptElement): WidgetOptions | undefined {
  const { group, language, side, open, name, email } = script.dataset;
  if (!group) return undefined;
  return {
    origin: new URL(script.src).origin,
    group,
    language: language || document.documentElement.lang || navigator.language || 'en',
    side: side === 'left' || side === 'right' ? side : undefined,
    isOpen: open === 'true',
    name: name ?? '',
    email: email ?? '',
  };
}

/** What the group's page says of it: GET /api/v1/public/groups/:publicId?language=… */
export interface PublicGroup {
  readonly publicId: string;
  readonly name: string;
  readonly texts: Readonly<Record<string, string>>;
  readonly appearance: Readonly<Record<string, string>>;
  readonly isOnline: boolean;
  readonly rating: 'none' | 'thumbs' | 'stars';
  readonly video: VideoRules;
}

/** Undefined: unknown or inactive, so there is no widget (GRP-1). @throws TypeError when the server cannot be reached */
export async function fetchGroup({ origin, group, language }: WidgetOptions): Promise<PublicGroup | undefined> {
  const response = await fetch(`${origin}/api/v1/public/groups/${encodeURIComponent(group)}?language=${encodeURIComponent(language)}`);
  if (response.ok) return (await response.json()) as PublicGroup;
  if (response.status >= 500 || response.status === 429) throw new TypeError(`the chat server answered ${response.status}`);
  return undefined;
}
