/** VID-4: our credentials at a real TURN server, coturn as Debian has it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askIceServer } from '../../config/doctor/turnProbe.ts';
import { type IceServer, iceServers } from '../../src/video/iceServers.ts';
import { freePort } from '../support/services.ts';
import { startTurnServer, type TurnServer } from '../support/turnServer.ts';

let turn: TurnServer;
beforeAll(async () => {
  turn = await startTurnServer();
}, 60_000);
afterAll(() => turn?.stop());

function credentials(secret: string, now = Date.now()): { username: string; credential: string } {
  const settings = { STUN_URLS: [], TURN_URLS: [turn.url('turn')], TURN_SECRET: secret, TURN_TTL_SEC: 600 };
  const [{ username, credential }] = iceServers(settings, 'int-peer', now) as [Required<IceServer>];
  return { username, credential };
}

test.each(['udp', 'tcp'] as const)('VID-4 an allocation over %s is given to our credentials', async (transport) => {
  expect(await askIceServer(turn.url('turn', transport), credentials(turn.secret))).toEqual({ kind: 'answered' });
});

test.each(['udp', 'tcp'] as const)(
  'VID-4 over %s it is refused to credentials that ran out, and to those of another secret',
  async (transport) => {
    const url = turn.url('turn', transport);
    expect(await askIceServer(url, credentials(turn.secret, Date.now() - 700_000))).toMatchObject({ kind: 'refused', code: 401 });
    expect(await askIceServer(url, credentials('another secret of ours'))).toMatchObject({ kind: 'refused', code: 401 });
  },
);

test('VID-4 a server that is not there is silent', async () => {
  const nowhere = await freePort();
  expect(await askIceServer(`turn:127.0.0.1:${nowhere}?transport=tcp`, credentials(turn.secret))).toMatchObject({ kind: 'silent' });
});
