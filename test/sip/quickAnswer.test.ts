/**
 * A far end that answers before the application has read that its request went out: both stand in one packet of the server then, as when the application was held up for
 * a moment. Shown with the real edge, behind a relay that gives its words all at once.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { Dialogs } from '../../sip/app/dialog.ts';
import { invite } from '../../sip/app/invite.ts';
import { Link } from '../../sip/app/link.ts';
import { createLogger } from '../../src/base/log.ts';
import { SipPhone } from '../actors/sipPhone.ts';
import { SECRET, startTestEdge } from '../edge/support/edges.ts';
import { until } from '../support/services.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** Between an application and its server; what the server says is kept back from `hold` on until `isWhole` says so of it, and then comes as one piece. */
async function relayTo(port: number): Promise<{ port: number; hold(isWhole: (said: string) => boolean): void }> {
  let isWhole: ((said: string) => boolean) | undefined;
  const server: Server = createServer((application) => {
    const there = connect(port, '127.0.0.1');
    ends.push(() => there.destroy());
    const said: Buffer[] = [];
    application.on('error', () => undefined).pipe(there);
    there.on('error', () => undefined);
    there.on('data', (bytes) => {
      said.push(bytes);
      if (isWhole && !isWhole(Buffer.concat(said).toString())) return;
      isWhole = undefined;
      application.write(Buffer.concat(said.splice(0)));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(() => server.close());
  return { port: (server.address() as AddressInfo).port, hold: (when) => void (isWhole = when) };
}

test('VOX-4 RFC 3261 13.2.2.4 an answer in the same packet as the word that the INVITE went out is taken; so is one to a request in the dialog', async () => {
  const edge = await startTestEdge();
  const relay = await relayTo(edge.wirePort);
  const dialogs = new Dialogs();
  const link = new Link({
    server: { name: 'edge-1', host: '127.0.0.1', port: relay.port, secret: SECRET },
    methods: ['invite'],
    tag: 'quick',
    log: createLogger('test', 'silent'),
    onRequest: (_link, _request, response) => response.send(200),
  });
  ends.push(() => link.close());
  await until(() => link.isUp, { what: 'the link' });
  const phone = await SipPhone.open({ server: { host: '127.0.0.1', port: edge.sipPort } });
  ends.push(() => phone.close());
  phone.onInvite = (call) => call.answer();

  relay.hold((said) => /SIP\/2\.0 200[\s\S]*m=audio/.test(said));
  const outgoing = invite(dialogs, link, { uri: `sip:${phone.user}@${phone.address}`, headers: {}, sdp: phone.sdp() });
  const result = await outgoing.result;
  if (result.kind !== 'answered') throw new Error(`not answered: ${result.kind}`);
  await until(() => phone.calls[0]?.acknowledged, { what: 'the ACK' });

  relay.hold((said) => /SIP\/2\.0 200[\s\S]*OPTIONS/.test(said));
  expect(await result.dialog.request('OPTIONS')).toMatchObject({ status: 200 });
  result.dialog.bye();
  await until(() => phone.calls[0]?.state === 'over', { what: 'the BYE' });
});
