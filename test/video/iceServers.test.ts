/** What a peer is told of STUN and TURN. That a real TURN server takes the credentials is shown in `turnServer.test.ts`. */
import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { EnvError, loadEnv, secretNames } from '../../config/env.ts';
import { joined } from '../../src/protocol/video.ts';
import { iceServers } from '../../src/video/iceServers.ts';

const SECRET = 'a secret that TURN shares';
const settings = (more: Record<string, string> = {}) => loadEnv({ ROLES: 'all', ...more });

describe('STUN and TURN', () => {
  test('VID-4 without settings a peer is told of none', () => {
    expect(iceServers(settings(), 'int_1')).toEqual([]);
  });

  test('VID-4 TURN credentials are bound to an end and to who uses them, under the shared secret', () => {
    const given = settings({
      STUN_URLS: 'stun:stun.example:3478',
      TURN_URLS: 'turn:turn.example:3478, turn:turn.example:3478?transport=tcp,turns:[2001:db8::1]:5349',
      TURN_SECRET: SECRET,
      TURN_TTL_SEC: '600',
    });
    const servers = iceServers(given, 'peer-1', 1_000_000_000_999);
    expect(servers).toEqual([
      { urls: ['stun:stun.example:3478'] },
      {
        urls: ['turn:turn.example:3478', 'turn:turn.example:3478?transport=tcp', 'turns:[2001:db8::1]:5349'],
        username: '1000000600:peer-1',
        credential: createHmac('sha1', SECRET).update('1000000600:peer-1').digest('base64'),
      },
    ]);
    expect(joined.shape.iceServers.parse(servers)).toEqual(servers);
    expect(JSON.stringify(servers)).not.toContain(SECRET);
  });

  test('VID-4 wrong settings are refused at the start, all at once, and the secret is never repeated', () => {
    expect(secretNames).toContain('TURN_SECRET');
    const wrong: [Record<string, string>, RegExp][] = [
      [{ TURN_URLS: 'turn:turn.example' }, /go together/],
      [{ TURN_SECRET: SECRET }, /go together/],
      [{ TURN_URLS: 'http://turn.example', TURN_SECRET: SECRET }, /turn:HOST:PORT/],
      [{ STUN_URLS: 'turn:turn.example' }, /stun:HOST:PORT/],
      [{ TURN_URLS: 'turn:turn.example', TURN_SECRET: 'short' }, /at least 16/],
      [{ TURN_URLS: 'turn:turn.example?transport=sctp', TURN_SECRET: SECRET }, /turn:HOST:PORT/],
    ];
    for (const [given, text] of wrong) {
      expect(() => settings(given)).toThrow(EnvError);
      expect(() => settings(given)).toThrow(text);
      expect(() => settings(given)).not.toThrow(SECRET);
    }
  });
});
