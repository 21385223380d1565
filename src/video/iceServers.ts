/**
 * VID-4: the STUN and TURN servers that a peer is told of, with credentials of its own that run out: coturn's `use-auth-secret` (TURN REST API,
 * draft-uberti-behave-turn-rest): username = the second they end at and an id, credential = base64(HMAC-SHA1(secret, username)). Pure.
 */
import { createHmac } from 'node:crypto';

export interface IceSettings {
  /** `stun:host[:port]`. */
  readonly STUN_URLS: readonly string[];
  /** `turn:host[:port][?transport=udp|tcp]`, `turns:…`. */
  readonly TURN_URLS: readonly string[];
  /** The server's `static-auth-secret`; never shown. */
  readonly TURN_SECRET?: string | undefined;
  readonly TURN_TTL_SEC: number;
}

/** As RTCPeerConnection takes it. */
export interface IceServer {
  readonly urls: string[];
  readonly username?: string;
  readonly credential?: string;
}

/** `forId` stands in the server's log beside what the peer used: an id of the peer, never a name. */
export function iceServers(settings: IceSettings, forId: string, now = Date.now()): IceServer[] {
  const { STUN_URLS, TURN_URLS, TURN_SECRET, TURN_TTL_SEC } = settings;
  const servers: IceServer[] = STUN_URLS.length > 0 ? [{ urls: [...STUN_URLS] }] : [];
  if (TURN_URLS.length === 0 || TURN_SECRET === undefined) return servers;
  const username = `${Math.floor(now / 1_000) + TURN_TTL_SEC}:${forId}`;
  const credential = createHmac('sha1', TURN_SECRET).update(username).digest('base64');
  return [...servers, { urls: [...TURN_URLS], username, credential }];
}
