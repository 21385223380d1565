/** RFC 3263: where a URI leads, asked of a DNS server of the test over the wire. */
import { createSocket, type Socket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { locate } from '../../sip/edge/locate.ts';
import type { NaptrRecord } from '../../sip/edge/names.ts';
import type { Destination } from '../../sip/edge/types.ts';
import { parseUri } from '../../sip/edge/uri.ts';

type Record = readonly [priority: number, weight: number, port: number, target: string];

const ZONE = new Map<string, readonly Record[]>([
  ['_sip._tcp.only-tcp.test', [[0, 0, 5070, 'tcp.only-tcp.test']]],
  [
    '_sip._udp.ordered.test',
    [
      [20, 0, 5062, 'third.test'],
      [10, 1, 5061, 'light.test'],
      [10, 1_000, 5060, 'heavy.test'],
      [30, 0, 5063, '.'],
    ],
  ],
  ['_sips._tcp.secure.test', [[0, 0, 5081, 'tls.secure.test']]],
]);

let server: Socket;
const resolver = new Resolver({ timeout: 2_000, tries: 1 });

function nameBytes(name: string): Buffer {
  const labels = name.split('.').filter(Boolean);
  return Buffer.concat([...labels.map((label) => Buffer.from([label.length, ...Buffer.from(label)])), Buffer.of(0)]);
}

/** RFC 1035 4: header, the question again, and SRV records (RFC 2782) for it. */
function reply(query: Buffer): Buffer {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const records = ZONE.get(labels.join('.').toLowerCase()) ?? [];
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(records.length > 0 ? 0x8580 : 0x8583, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  const answers = records.map(([priority, weight, port, target]) => {
    const data = Buffer.concat([Buffer.alloc(6), nameBytes(target)]);
    data.writeUInt16BE(priority, 0);
    data.writeUInt16BE(weight, 2);
    data.writeUInt16BE(port, 4);
    const fixed = Buffer.from([0xc0, 12, 0, 33, 0, 1, 0, 0, 0, 60, 0, data.length]);
    return Buffer.concat([fixed, data]);
  });
  return Buffer.concat([header, query.subarray(12, at + 5), ...answers]);
}

beforeAll(async () => {
  server = createSocket('udp4');
  server.on('message', (query, from) => server.send(reply(query), from.port, from.address));
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  resolver.setServers([`127.0.0.1:${server.address().port}`]);
});
afterAll(() => server.close());

const NAPTR: { readonly [name: string]: readonly NaptrRecord[] } = {
  'naptr.test': [
    { order: 50, preference: 50, flags: 's', service: 'SIP+D2U', replacement: '_sip._udp.ordered.test' },
    { order: 10, preference: 20, flags: 's', service: 'SIP+D2T', replacement: '_sip._tcp.only-tcp.test' },
    { order: 10, preference: 10, flags: 's', service: 'SIP+D2X', replacement: '_sip._sctp.naptr.test' },
  ],
};

function to(text: string): Promise<readonly Destination[]> {
  const uri = parseUri(text);
  if (!uri) throw new Error('no URI');
  return locate(uri, {
    naptr: async (name) => NAPTR[name] ?? [],
    srv: (name) => resolver.resolveSrv(name).catch(() => []),
    addresses: async (name) => (name === 'two.test' ? ['192.0.2.1', '2001:db8::1'] : []),
  });
}

test.each([
  ['sip:a@192.0.2.1', 'udp', '192.0.2.1', 5060],
  ['sip:a@192.0.2.1;transport=tcp', 'tcp', '192.0.2.1', 5060],
  ['sip:a@[2001:db8::1]:5070', 'udp', '2001:db8::1', 5070],
  ['sips:a@192.0.2.1', 'tls', '192.0.2.1', 5061],
  ['sips:a@192.0.2.1;transport=tcp', 'tls', '192.0.2.1', 5061],
  ['sip:a@192.0.2.1;transport=WS', 'ws', '192.0.2.1', 80],
  ['sips:a@192.0.2.1;transport=ws', 'wss', '192.0.2.1', 443],
  ['sip:a@with-port.test:5099', 'udp', 'with-port.test', 5099],
  ['sip:a@no-records.test', 'udp', 'no-records.test', 5060],
  ['sip:a@no-records.test;maddr=192.0.2.9', 'udp', 'no-records.test', 5060],
  ['sip:a@only-tcp.test', 'tcp', 'tcp.only-tcp.test', 5070],
  ['sips:a@secure.test', 'tls', 'tls.secure.test', 5081],
  ['sip:a@naptr.test', 'tcp', 'tcp.only-tcp.test', 5070],
  ['sip:a@naptr.test;transport=udp', 'udp', 'naptr.test', 5060],
  ['sips:a@naptr.test', 'tls', 'naptr.test', 5061],
  ['sips:a@two.test:5081', 'tls', 'two.test', 5081],
] as const)('RFC 3263 4: %s leads by %s to %s, port %i', async (text, protocol, host, port) => {
  expect(await to(text)).toEqual([{ protocol, host, port }]);
});

test('RFC 3263 4.2: a host has all its addresses, of both families', async () => {
  const both = ['192.0.2.1', '2001:db8::1'].map((host) => ({ protocol: 'udp', host, port: 5099 }));
  expect(await to('sip:a@two.test:5099')).toEqual(both);
});

test('RFC 2782: by priority, then by chance in proportion to the weight; the root is no host', async () => {
  const orders = new Set<string>();
  for (let count = 0; count < 20; count++) {
    const found = await to('sip:a@ordered.test');
    expect(found.map(({ host }) => host).slice(2)).toEqual(['third.test']);
    orders.add(found[0]?.host ?? '');
  }
  expect(orders).toContain('heavy.test');
});

test('RFC 7118 5: a host that is none, and a transport nobody speaks, are told apart', async () => {
  await expect(to('sip:a@df7jal23ls0d.invalid;transport=ws')).rejects.toMatchObject({ code: 'dns' });
  await expect(to('sip:a@192.0.2.1;transport=sctp')).rejects.toMatchObject({ code: 'unsupported' });
  await expect(to('sips:a@192.0.2.1;transport=udp')).rejects.toMatchObject({ code: 'unsupported' });
});
