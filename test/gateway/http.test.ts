/** The HTTP edge: one table of routes, one answer per request, clear problems (API-1). */
import { mkdirSync, writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { countedAddress } from '../../src/base/address.ts';
import { until } from '../support/services.ts';
import { TEST_CERT, TEST_KEY } from './support/certificate.ts';
import { RawSocket } from './support/rawSocket.ts';
import { key, type Person, type Tenant, World } from './support/world.ts';

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required: boolean }[];
  readonly responses: Record<string, { readonly $ref?: string; readonly description: string; readonly content?: object }>;
}

let world: World;
let tenant: Tenant;
let anna: Person;

beforeAll(async () => {
  world = await World.start();
  tenant = await world.tenant();
  anna = await world.person(tenant, 'Anna');
  const web = join(world.dataDir, 'web');
  mkdirSync(join(web, 'desk'), { recursive: true });
  mkdirSync(join(web, 'assets'));
  writeFileSync(join(web, 'desk/index.html'), '<!doctype html><title>Desk</title>');
  writeFileSync(join(web, 'assets/desk-B1a2C3d4.js'), `console.log(${JSON.stringify('x'.repeat(5_000))})`);
  writeFileSync(join(web, 'assets/large-B1a2C3d4.wasm'), Buffer.alloc(6 * 1024 * 1024, 7));
  writeFileSync(join(web, '.secret'), 'no');
});
afterAll(() => world.close());

describe('API-1 problems', () => {
  test('API-1 every refusal is a problem document with code and request id', async () => {
    const cases: [string, Parameters<World['call']>[1], number, string][] = [
      ['GET /api/v1/nothing', {}, 404, 'not_found'],
      ['GET /api/v1/queues', {}, 401, 'unauthenticated'],
      ['GET /api/v1/queues', { as: 'nonsense' }, 401, 'unauthenticated'],
      ['POST /api/v1/queues', { as: anna.token, body: { name: 'x' } }, 403, 'forbidden'],
      ['POST /api/v1/queues', { as: tenant.owner.token, body: { name: 5 } }, 422, 'invalid'],
      [
        'POST /api/v1/queues',
        { as: tenant.owner.token, body: '{"name":', headers: { 'content-type': 'application/json' } },
        400,
        'bad_request',
      ],
      [
        'POST /api/v1/queues',
        { as: tenant.owner.token, body: 'name=x', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
        415,
        'unsupported_media',
      ],
      ['POST /api/v1/queues', { as: tenant.owner.token, body: { name: 'x'.repeat(400_000) } }, 413, 'too_large'],
      ['GET /api/v1/queues/que_00000000000000000000000000', { as: tenant.owner.token }, 404, 'not_found'],
      ['GET /api/v1/queues/%E0%A4%A', { as: tenant.owner.token }, 404, 'not_found'],
    ];
    for (const [request, options, status, code] of cases) {
      const answer = await world.call(request, options);
      expect({ request, status: answer.status, code: answer.body.code }).toEqual({ request, status, code });
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
      expect(answer.body).toMatchObject({ status, type: `/api/docs#error-${code}`, requestId: answer.headers.get('x-request-id') });
      expect(answer.body.title).toBeTypeOf('string');
    }
  });

  test('API-1 wrong fields are named', async () => {
    const { body } = await world.call('POST /api/v1/groups', { as: tenant.owner.token, body: { name: '', unknown: 1 } });
    expect(body.errors.map(({ path }: { path: string }) => path)).toEqual(expect.arrayContaining(['name', 'queueId']));
  });

  test('API-1 405 tells the methods in Allow; OPTIONS and HEAD are answered', async () => {
    const wrong = await world.call('PUT /api/v1/queues', { as: tenant.owner.token, body: {} });
    expect(wrong.status).toBe(405);
    expect(wrong.headers.get('allow')?.split(', ').sort()).toEqual(['GET', 'HEAD', 'OPTIONS', 'POST']);
    expect((await world.call('OPTIONS /api/v1/queues')).status).toBe(204);
    const [head, get] = [
      await world.call('HEAD /api/v1/queues', { as: tenant.owner.token }),
      await world.call('GET /api/v1/queues', { as: tenant.owner.token }),
    ];
    expect(head.status).toBe(200);
    expect(head.body).toBe('');
    expect(head.headers.get('content-length')).toBe(String(Buffer.byteLength(JSON.stringify(get.body))));
  });

  test('API-1 a given X-Request-Id is kept when it is well formed', async () => {
    expect((await world.call('GET /health', { headers: { 'x-request-id': 'trace-1234567' } })).headers.get('x-request-id')).toBe(
      'trace-1234567',
    );
    expect((await world.call('GET /health', { headers: { 'x-request-id': 'a b' } })).headers.get('x-request-id')).not.toBe('a b');
  });

  test('API-1 a client that hangs up in the middle of its body harms nobody', async () => {
    for (let count = 0; count < 20; count++) {
      const socket = connect(world.port, '127.0.0.1');
      socket.write(
        `POST /api/v1/queues HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${tenant.owner.token}\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"name":`,
      );
      await until(() => socket.bytesWritten > 100);
      socket.destroy();
    }
    expect((await world.call('GET /health')).status).toBe(200);
  });

  test('API-1 HTTP that is none is refused and the gateway lives on', async () => {
    for (const bytes of [
      '\x16\x03\x01\x02\x00',
      'GET\r\n\r\n',
      `GET / HTTP/1.1\r\nX: ${'y'.repeat(200_000)}\r\n\r\n`,
      'POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n',
    ]) {
      const socket = connect(world.port, '127.0.0.1');
      let isOver = false;
      socket
        .resume()
        .on('error', () => undefined)
        .on('close', () => {
          isOver = true;
        });
      socket.write(bytes);
      socket.end();
      await until(() => isOver, { timeoutMs: 15_000 });
    }
    expect((await world.call('GET /health')).status).toBe(200);
  });
});

describe('API-1 idempotency keys', () => {
  test('API-1 the same key and body give the first answer again, another body is refused, another principal has its own', async () => {
    const create = (body: unknown, as = tenant.owner.token, idempotencyKey = 'create-queue-1') =>
      world.call('POST /api/v1/queues', { as, body, headers: { 'idempotency-key': idempotencyKey } });
    const [first, again] = [await create({ name: 'Idem' }), await create({ name: 'Idem' })];
    expect(first.status).toBe(201);
    expect(again).toMatchObject({ status: 201, body: first.body });
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    const other = await create({ name: 'Other' });
    expect(other).toMatchObject({ status: 409, body: { code: 'idempotency_mismatch' } });
    const elsewhere = await world.tenant('Elsewhere');
    const theirs = await create({ name: 'Idem' }, elsewhere.owner.token);
    expect(theirs.status).toBe(201);
    expect(theirs.body.id).not.toBe(first.body.id);
  });

  test('API-1 ten at once make one', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, () =>
        world.call('POST /api/v1/queues', {
          as: tenant.owner.token,
          body: { name: 'Once' },
          headers: { 'idempotency-key': 'create-once' },
        }),
      ),
    );
    const made = new Set(answers.filter(({ status }) => status === 201).map(({ body }) => body.id));
    expect(made.size).toBe(1);
    for (const { status, body } of answers) if (status !== 201) expect(body.code).toBe('conflict');
  });

  test('API-1 what failed may be sent again with the same key; secrets rest sealed', async () => {
    const headers = { 'idempotency-key': 'a-key-for-a-key' };
    expect((await world.call('POST /api/v1/keys', { as: tenant.owner.token, body: { name: 'K' }, headers })).status).toBe(422);
    const made = await world.call('POST /api/v1/keys', { as: tenant.owner.token, body: { name: 'K', type: 'rest' }, headers });
    expect(made.status).toBe(201);
    const secret = made.body.key as string;
    const { runner } = world.engine.core;
    const names = await runner.redis.keys('*idempotency*');
    for (const name of names) expect(await runner.redis.get(name)).not.toContain(secret);
    expect(names.length).toBeGreaterThan(0);
    expect((await world.call('GET /api/v1/queues', { as: secret })).status).toBe(200);
  });
});

describe('API-1 pages of other origins', () => {
  test('API-1 an account’s list of origins decides who may read; a foreign page never acts with the cookie', async () => {
    const owned = await world.tenant('Origins');
    const headers = (origin: string) => ({ origin });
    expect(
      (await world.call('GET /api/v1/queues', { as: owned.owner.token, headers: headers('https://any.example') })).headers.get(
        'access-control-allow-origin',
      ),
    ).toBe('https://any.example');
    const { version } = (await world.call('GET /api/v1/account', { as: owned.owner.token })).body;
    const changed = await world.call('PATCH /api/v1/account', {
      as: owned.owner.token,
      body: { origins: ['https://shop.example'], version },
    });
    expect(changed.status).toBe(200);
    await until(
      async () =>
        (await world.call('GET /api/v1/queues', { as: owned.owner.token, headers: headers('https://any.example') })).status === 403,
    );
    const refused = await world.call('GET /api/v1/queues', { as: owned.owner.token, headers: headers('https://any.example') });
    expect(refused.headers.get('access-control-allow-origin')).toBeNull();
    const allowed = await world.call('GET /api/v1/queues', { as: owned.owner.token, headers: headers('https://shop.example') });
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://shop.example');
    expect(allowed.headers.get('access-control-allow-credentials')).toBeNull();
    const preflight = await world.call('OPTIONS /api/v1/queues', {
      headers: { ...headers('https://any.example'), 'access-control-request-method': 'POST' },
    });
    expect(preflight.headers.get('access-control-allow-methods')).toContain('POST');
    const agent = await world.person(owned, 'Anna');
    const ask = async (hello: Record<string, unknown>, origin: string) => {
      const socket = await RawSocket.connect(world.port, { origin });
      const answer = await socket.ask({ t: 'hello', v: 1, ...hello });
      socket.close();
      return answer.code ?? answer.t;
    };
    const desk = { as: 'agent', token: agent.token, device: { id: 'd1', name: 'Test' } };
    for (const hello of [desk, { as: 'visitor', group: owned.group.publicId }]) {
      const answers = await Promise.all(
        ['https://any.example', 'null', 'https://shop.example', `http://127.0.0.1:${world.port}`].map((origin) => ask(hello, origin)),
      );
      expect(answers).toEqual(['forbidden', 'forbidden', 'reply', 'reply']);
    }
    const withCookie = await world.call('GET /api/v1/queues', {
      headers: { ...headers('https://evil.example'), cookie: `centralino=${owned.owner.token}` },
    });
    expect(withCookie.status).toBe(401);
    const own = await world.call('GET /api/v1/queues', { headers: { cookie: `centralino=${owned.owner.token}` } });
    expect(own.status).toBe(200);
  });

  test('API-1 a visitor page calls the API with its visitor token', async () => {
    const visitor = await world.visitor(tenant);
    const interaction = await world.chat(visitor);
    const headers = {
      authorization: `Visitor ${visitor.token}.${tenant.group.publicId}`,
      origin: 'https://shop.example',
      'x-interaction': interaction,
      'x-file-name': 'hello.txt',
    };
    const sent = await world.call('POST /api/v1/files', { body: 'Hello, world', headers: { ...headers, 'content-type': 'text/plain' } });
    expect(sent.status).toBe(201);
    const message = await visitor.socket.reply({ t: 'chat.send', interaction, mid: key(), file: sent.body.id });
    expect(message.off).toBeGreaterThan(0);
    const got = await world.call(`GET /api/v1/files/${sent.body.id}`, { headers });
    expect(got).toMatchObject({ status: 200, body: 'Hello, world' });
    const stranger = await world.visitor(tenant);
    const theirs = await world.call(`GET /api/v1/files/${sent.body.id}`, {
      headers: { authorization: `Visitor ${stranger.token}.${tenant.group.publicId}` },
    });
    expect(theirs.status).toBe(404);
    expect((await stranger.socket.ask({ t: 'chat.send', interaction, mid: key(), file: sent.body.id })).t).toBe('error');
    stranger.socket.close();
    visitor.socket.close();
  });
});

describe('API-1 limits', () => {
  test('API-1 too many requests of a stranger are told when to come back', async () => {
    const strict = await world.addGateway({ LIMIT_FACTOR: '0.05', TRUST_PROXY: '1' });
    const from = (ip: string) => ({ port: strict.port, headers: { 'x-forwarded-for': ip } });
    // A host with IPv6 has 2^64 addresses of one network; which of them it uses makes no difference.
    const hosts: [(count: number) => string, another: string][] = [
      [() => '192.0.2.55', '192.0.2.56'],
      [(count) => `2001:db8:0:7::${count}`, '2001:db8:0:8::1'],
    ];
    for (const [addressOf, another] of hosts) {
      let limited = await world.call('GET /api/v1/queues', from(addressOf(0)));
      for (let count = 1; count < 20 && limited.status !== 429; count++)
        limited = await world.call('GET /api/v1/queues', from(addressOf(count)));
      expect(limited).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
      expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0);
      expect((await world.call('GET /api/v1/queues', from(another))).status).toBe(401);
      expect((await world.call('GET /health', from(addressOf(20)))).status).toBe(200);
    }
  });

  test('API-1 limits count IPv6 by network, and IPv4 in any of its forms by host', () => {
    const same = ['2001:db8::1', '2001:DB8:0:0:ffff::9', '2001:0db8:0000:0000:0001:0002:0003:0004', '2001:db8::1%eth0'];
    expect(new Set(same.map(countedAddress))).toEqual(new Set(['2001:db8:0:0::/64']));
    expect(countedAddress('2001:db8:0:1::1')).toBe('2001:db8:0:1::/64');
    for (const host of ['192.0.2.1', '::1', '::ffff:192.0.2.1', '64:ff9b::192.0.2.1', 'unknown']) expect(countedAddress(host)).toBe(host);
  });
});

describe('WID-1 files', () => {
  test('WID-1 pages carry a strict policy, hashed files are kept for ever, both come compressed and with a tag', async () => {
    const page = await world.call('GET /desk/');
    expect(page.body).toContain('<title>Desk</title>');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(page.headers.get('content-security-policy')).not.toContain('unsafe');
    expect(page.headers.get('x-frame-options')).toBe('DENY');
    expect(page.headers.get('cache-control')).toBe('no-cache');
    const script = await world.call('GET /assets/desk-B1a2C3d4.js', { headers: { 'accept-encoding': 'gzip, br' } });
    expect(script.headers.get('cache-control')).toContain('immutable');
    expect(script.headers.get('content-encoding')).toBe('br');
    expect(script.body).toContain('xxxx');
    const gzipped = await world.call('GET /assets/desk-B1a2C3d4.js', { headers: { 'accept-encoding': 'gzip, br;q=0' } });
    expect(gzipped.headers.get('content-encoding')).toBe('gzip');
    const known = await world.call('GET /assets/desk-B1a2C3d4.js', { headers: { 'if-none-match': script.headers.get('etag') ?? '' } });
    expect(known).toMatchObject({ status: 304, body: '' });
    for (const each of [page, script]) expect(each.headers.get('x-content-type-options')).toBe('nosniff');
  });

  test('WID-1 nothing outside the folder, and nothing hidden, is served', async () => {
    for (const path of [
      '/.secret',
      '/../secretKey',
      '/%2e%2e/%2e%2e/etc/passwd',
      '/desk/..%2f..%2fsecretKey',
      '/desk//index.html',
      '/assets%00.js',
      '/build.json%00.html',
    ]) {
      const socket = connect(world.port, '127.0.0.1');
      let text = '';
      socket.on('data', (data) => {
        text += String(data);
      });
      socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      await until(() => text.includes('\r\n\r\n'));
      expect(text, path).toContain('404 Not Found');
      socket.destroy();
    }
  });

  test('API-1 a big file is streamed as fast as it is read, and a reader that leaves ends it', async () => {
    const response = await fetch(`http://127.0.0.1:${world.port}/assets/large-B1a2C3d4.wasm`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    expect(bytes.length).toBe(6 * 1024 * 1024);
    expect(bytes.every((byte) => byte === 7)).toBe(true);
    const aborted = new AbortController();
    const part = await fetch(`http://127.0.0.1:${world.port}/assets/large-B1a2C3d4.wasm`, { signal: aborted.signal });
    await part.body?.getReader().read();
    aborted.abort();
    expect((await world.call('GET /health')).status).toBe(200);
  });
});

describe('API-1 documents', () => {
  test('API-1 the OpenAPI document is sound: references, parameters, ids, media types, and a word for every answer', async () => {
    const { body: document } = await world.call('GET /api/openapi.json');
    const resolved = (ref: string) =>
      ref
        .slice(2)
        .split('/')
        .reduce((node, name) => node?.[name], document);
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref = '']) => ref);
    expect(references.filter((ref) => resolved(ref) === undefined)).toEqual([]);
    const ids = new Set<string>();
    for (const [path, methods] of Object.entries<Record<string, Operation>>(document.paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        const where = `${method} ${path}`;
        expect({ where, isNew: !ids.has(operation.operationId) }).toEqual({ where, isNew: true });
        ids.add(operation.operationId);
        const named = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path' && parameter.required);
        expect({ where, names: named.map(({ name }) => name) }).toEqual({
          where,
          names: [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name),
        });
        expect(Object.keys(operation.responses)).toContain('default');
        for (const response of Object.values(operation.responses)) {
          const { description, content } = response.$ref ? resolved(response.$ref) : response;
          expect(description).toMatch(/\w/);
          for (const type of Object.keys(content ?? {})) expect(type).toMatch(/^[\w*]+\/[\w.+*-]+/);
        }
      }
    }
    const upload = document.paths['/api/v1/files'].post.parameters.map(({ name }: { name: string }) => name);
    expect(upload).toEqual(expect.arrayContaining(['X-Interaction', 'X-File-Name', 'Idempotency-Key']));
    const change = document.paths['/api/v1/queues/{id}'].patch.parameters.map(({ name }: { name: string }) => name);
    expect(change).toEqual(['id', 'If-Match']);
  });

  test('API-1 the OpenAPI document describes every route that is served', async () => {
    const { body } = await world.call('GET /api/openapi.json');
    expect(body.openapi).toBe('3.1.0');
    const described = Object.entries(body.paths).flatMap(([path, methods]) =>
      Object.keys(methods as object).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const served = (world.gateways[0]?.routes ?? []).map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`);
    expect(described.sort()).toEqual([...served].sort());
    const create = body.paths['/api/v1/queues'].post;
    expect(create.requestBody.content['application/json'].schema.properties.name).toBeDefined();
    expect(create.responses['201'].content['application/json'].schema.properties.id).toBeDefined();
    expect(create.responses['403'].$ref).toBe('#/components/responses/Problem');
    expect(create.parameters.map(({ name }: { name: string }) => name)).toContain('Idempotency-Key');
    const ids = Object.values(body.paths).flatMap((methods) => Object.values(methods as object).map(({ operationId }) => operationId));
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('API-2 the socket protocol is documented from its schemas, as a page and as data', async () => {
    const page = await world.call('GET /api/socket');
    for (const word of ['chat.send', 'offer.accept', 'row.changed', '4001', 'prev']) expect(page.body).toContain(word);
    const { body } = await world.call('GET /api/asyncapi.json');
    expect(body.channels.socket.messages.chat_send.payload.properties.interaction).toBeDefined();
    const docs = await world.call('GET /api/docs');
    for (const word of ['/api/v1/queues', 'error-rate_limited', 'Idempotency-Key']) expect(docs.body).toContain(word);
    expect(docs.headers.get('content-security-policy')).toContain("script-src 'sha256-");
  });
});

describe('API-4 TLS', () => {
  test('API-4 with a certificate the gateway speaks HTTPS and says so in its headers; a missing file is named', async () => {
    const [cert, keyFile] = [join(world.dataDir, 'cert.pem'), join(world.dataDir, 'key.pem')];
    writeFileSync(cert, TEST_CERT);
    writeFileSync(keyFile, TEST_KEY);
    const secure = await world.addGateway({ TLS_CERT: cert, TLS_KEY: keyFile });
    const headers = await new Promise<NodeJS.Dict<string | string[]>>((resolve, reject) => {
      httpsRequest({ host: '127.0.0.1', port: secure.port, path: '/health', rejectUnauthorized: false }, (answer) =>
        resolve(answer.resume().headers),
      )
        .on('error', reject)
        .end();
    });
    expect(headers['strict-transport-security']).toContain('max-age');
    await expect(world.addGateway({ TLS_CERT: '/nowhere/cert.pem', TLS_KEY: keyFile })).rejects.toThrow('TLS_CERT');
  });
});
