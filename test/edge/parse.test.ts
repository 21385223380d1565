/** The parser and the writer: torture messages, any bytes, any cuts, and what cannot be put into a message. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { paramsText, splitList } from '../../sip/edge/headerText.ts';
import type { SipMessage } from '../../sip/edge/message.ts';
import { LIMITS, type Parsed, parseDatagram } from '../../sip/edge/messageParse.ts';
import { createHeaders, createRequest, createResponse, writeMessage } from '../../sip/edge/messageWrite.ts';
import { parseNameAddr, tagOf } from '../../sip/edge/nameAddr.ts';
import { StreamFraming } from '../../sip/edge/streamFraming.ts';
import { parseUri, uriText } from '../../sip/edge/uri.ts';
import { noteSource, parseVia } from '../../sip/edge/via.ts';
import { TORTURE } from './support/torture.ts';

function parsed(bytes: Buffer | string): SipMessage {
  const result = parseDatagram(Buffer.from(bytes));
  if (result.outcome === 'bad') throw new Error(`not taken: ${result.reason}`);
  return result.message;
}

function outcome(result: Parsed): TortureOutcome {
  if (result.outcome === 'message') return 'taken';
  return result.answerable ? result.status : 'dropped';
}
type TortureOutcome = 'taken' | 'dropped' | number;

/** What a stream of these bytes, cut there, gives. */
function streamed(bytes: Buffer, cuts: readonly number[]): { results: Parsed[]; pings: number; isSound: boolean } {
  const results: Parsed[] = [];
  let pings = 0;
  const framing = new StreamFraming({
    onParsed: (result) => results.push(result),
    onPing: () => {
      pings += 1;
    },
  });
  const edges = [0, ...[...cuts].sort((a, b) => a - b), bytes.length];
  for (let at = 1; at < edges.length; at++) {
    if (!framing.push(bytes.subarray(edges[at - 1], edges[at]))) return { results, pings, isSound: false };
  }
  return { results, pings, isSound: true };
}

describe('RFC 4475', () => {
  test.each(TORTURE)('$name', ({ bytes, expected }) => {
    const result = parseDatagram(bytes);
    expect(outcome(result)).toBe(expected);
    if (result.outcome !== 'message') return;
    // Written and read again it is the same message.
    const again = parsed(writeMessage(result.message));
    expect([...again.headers.lines()].filter(isNotLength)).toEqual([...result.message.headers.lines()].filter(isNotLength));
    expect(again.body.equals(result.message.body)).toBe(true);
  });

  test('3.1.1.1: odd white space, folding, compact forms and mixed Via lines are read as what they mean', () => {
    const { headers } = parsed(TORTURE[0]?.bytes ?? '');
    expect(parseNameAddr(headers.get('From') ?? '')).toEqual({
      display: 'J Rosenberg \\"',
      uri: 'sip:jdrosen@example.com',
      params: new Map([['tag', '98asjd8']]),
    });
    expect(tagOf(headers.get('t') ?? '')).toBe('1918181833n');
    expect(headers.get('newfangledheader')).toBe('newfangled value continued newfangled value');
    expect(headers.get('Subject')).toBe('');
    expect(headers.list('Via').map((via) => parseVia(via)?.host)).toEqual(['192.0.2.2', 'spindle.example.com', '192.168.255.111']);
    expect(headers.list('Via').map((via) => parseVia(via)?.params.get('branch'))).toEqual(['390skdjuw', 'z9hG4bK9ikj8', 'z9hG4bK30239']);
    expect(parseNameAddr(headers.get('Contact') ?? '')?.params).toEqual(
      new Map(Object.entries({ newparam: 'newvalue', secondparam: '', q: '0.33' })),
    );
  });

  test('3.1.1.2: a name keeps its characters', () => {
    const message = parsed(TORTURE[1]?.bytes ?? '');
    expect(parseNameAddr(message.headers.get('to') ?? '')?.display).toBe('BEL:\u0007 NUL:\u0000 DEL:\u007f');
    expect(parseUri((message.kind === 'request' && message.uri) || '')).toMatchObject({ host: 'example.com', port: undefined });
  });
});

function isNotLength([name]: readonly [string, string]): boolean {
  return !/^(l|content-length)$/i.test(name);
}

const OPTIONS = `OPTIONS sip:a@example.org SIP/2.0\r
Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx\r
From: <sip:b@example.org>;tag=b\r
To: <sip:a@example.org>\r
Call-ID: c\r
CSeq: 1 OPTIONS\r
\r
`;

describe('limits and faults', () => {
  const withLine = (line: string): Parsed => parseDatagram(Buffer.from(OPTIONS.replace('Call-ID', `${line}\r\nCall-ID`)));
  test.each([
    ['a bare CR', 'X: a\rb'],
    ['a bare LF', 'X: a\nb'],
    ['no colon', 'X'],
    ['no token', 'X Y: a'],
    ['no name', ': a'],
    ['a line too long', `X: ${'a'.repeat(LIMITS.lineBytes)}`],
    ['folded lines too long', `X: a${`\r\n ${'a'.repeat(1_000)}`.repeat(9)}`],
    ['too many lines', 'X: a\r\n'.repeat(LIMITS.lines).trimEnd()],
    ['a head too large', `X: ${'a'.repeat(8_000)}\r\n`.repeat(5).trimEnd()],
  ])('%s is refused', (_, line) => expect(withLine(line).outcome).toBe('bad'));

  test('a continuation without a header is refused', () => {
    expect(parseDatagram(Buffer.from(OPTIONS.replace('\r\nVia', '\r\n Via'))).outcome).toBe('bad');
  });

  test('a body too large is answered 513', () => {
    const bytes = Buffer.from(
      OPTIONS.replace('\r\n\r\n', `\r\nContent-Length: ${LIMITS.bodyBytes + 1}\r\n\r\n${'x'.repeat(LIMITS.bodyBytes + 1)}`),
    );
    expect(parseDatagram(bytes)).toMatchObject({ outcome: 'bad', status: 513, answerable: { method: 'OPTIONS' } });
    expect(streamed(bytes, [])).toMatchObject({ isSound: false, results: [{ outcome: 'bad', status: 513 }] });
  });

  test('a name in Latin-1 is readable', () => {
    const bytes = Buffer.from(OPTIONS.replace('<sip:b@', '"Müller" <sip:b@'), 'latin1');
    expect(parseNameAddr(parsed(bytes).headers.get('from') ?? '')?.display).toBe('Müller');
  });

  test('RFC 3261 7.3.1: what would split a message cannot be put into one', () => {
    const headers = createHeaders([['To', '<sip:a@example.org>']]);
    for (const value of ['a\r\nX: y', 'a\nb', 'a\rb']) {
      for (const put of [headers.set, headers.append, headers.prepend, headers.replaceFirst])
        expect(() => put.call(headers, 'To', value)).toThrow('line end');
    }
    for (const name of ['', 'X Y', 'X:', 'X\r\n', 'Ü']) expect(() => headers.append(name, 'a')).toThrow('no token');
    expect([...headers.lines()]).toEqual([['To', '<sip:a@example.org>']]);
    for (const uri of ['sip:a b', 'sip:a\r\nX: y', ''])
      expect(() => writeMessage(createRequest('OPTIONS', uri))).toThrow('bad request line');
    expect(() => writeMessage(createRequest('OPTIONS\r\n', 'sip:a'))).toThrow('bad request line');
    const response = createResponse(createRequest('OPTIONS', 'sip:a'), 200, { reason: 'OK\r\nX: y' });
    expect(() => writeMessage(response)).toThrow('bad reason');
    expect(() => writeMessage({ ...response, reason: 'OK', status: 20 })).toThrow('bad status');
  });
});

describe('headers', () => {
  const headers = () =>
    createHeaders([
      ['v', 'one, two'],
      ['Subject', 'x'],
      ['Via', 'three'],
      ['X-Other', ''],
    ]);
  test('RFC 3261 7.3.3: compact and long names are one', () => {
    expect(headers().all('VIA')).toEqual(['one, two', 'three']);
    expect(headers().list('v')).toEqual(['one', 'two', 'three']);
    expect(headers().get('s')).toBe('x');
    expect(headers().get('absent')).toBeUndefined();
  });
  test('lines keep their place', () => {
    const changed = headers();
    changed.set('Via', 'only');
    expect([...changed.lines()].map(([, value]) => value)).toEqual(['only', 'x', '']);
    changed.prepend('via', 'first');
    changed.prepend('X-New', 'new');
    changed.append('x-other', 'more');
    changed.replaceFirst('X-OTHER', 'filled');
    expect([...changed.lines()].map(([, value]) => value)).toEqual(['new', 'first', 'only', 'x', 'filled', 'more']);
    changed.remove('x-other');
    expect(changed.all('X-Other')).toEqual([]);
  });
  test('a copy is independent', () => {
    const original = headers();
    const copy = original.clone();
    copy.remove('via');
    copy.set('Subject', 'y');
    expect([...original.lines()]).toEqual([...headers().lines()]);
  });
});

test('RFC 3261 18.2.1: only the topmost Via is changed, and what a sender claims of its source is replaced', () => {
  const headers = createHeaders([
    ['Via', 'SIP/2.0/UDP a.example.org;rport=1;received=9.9.9.9;branch=z9hG4bKa;x="q;,", SIP/2.0/UDP b.example.org;rport'],
    ['Via', 'SIP/2.0/UDP c.example.org'],
  ]);
  const via = parseVia(headers.get('via') ?? '');
  expect(via).toMatchObject({ transport: 'UDP', host: 'a.example.org' });
  if (via) noteSource(headers, via, { host: '192.0.2.7', port: 1234 });
  expect(headers.all('via')).toEqual([
    'SIP/2.0/UDP a.example.org;branch=z9hG4bKa;x="q;,";rport=1234;received=192.0.2.7, SIP/2.0/UDP b.example.org;rport',
    'SIP/2.0/UDP c.example.org',
  ]);
});

test('RFC 3261 19.1: URIs of every shape', () => {
  expect(parseUri('sip:alice;day=tuesday:secret@[2001:DB8::1]:5070;transport=tcp;lr?subject=x&to=y')).toEqual({
    scheme: 'sip',
    user: 'alice;day=tuesday:secret',
    host: '2001:db8::1',
    port: 5070,
    params: new Map(Object.entries({ transport: 'tcp', lr: '' })),
    headers: 'subject=x&to=y',
  });
  for (const text of ['tel:+1', 'sip:', 'sip:@a', 'sip:a:0', 'sip:a:65536', 'sip:[::1', 'sip:2001:db8::10', 'sip:a b', 'sip', 'sip:a;;b'])
    expect(parseUri(text)).toBeUndefined();
});

describe('any bytes', () => {
  const token = fc.stringMatching(/^[A-Za-z0-9.!%*_+`'~-]{1,20}$/);
  const value = fc.string({ unit: 'grapheme', maxLength: 40 }).map((text) => text.replace(/[\r\n]/g, ' ').replace(/^[ \t]+|[ \t]+$/g, ''));
  const line = fc.tuple(
    token.filter((name) => !/^(via|v|from|f|to|t|call-id|i|cseq|content-length|l|max-forwards)$/i.test(name)),
    value,
  );
  const message = fc
    .record({
      method: token,
      user: token,
      lines: fc.array(line, { maxLength: 12 }),
      body: fc.uint8Array({ maxLength: 200 }),
      number: fc.nat(),
    })
    .map(({ method, user, lines, body, number }) => {
      const request = createRequest(
        method,
        `sip:${user}@example.org`,
        [
          ['Via', 'SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bKp'],
          ['From', `<sip:${user}@example.org>;tag=f`],
          ['To', '<sip:t@example.org>'],
          ['Call-ID', 'c'],
          ['CSeq', `${number} ${method}`],
          ...lines,
        ],
        Buffer.from(body),
      );
      return request;
    });

  test('parse ∘ write is the identity', () => {
    fc.assert(
      fc.property(message, (request) => {
        const bytes = writeMessage(request);
        const again = parsed(bytes);
        expect(again).toMatchObject({ kind: 'request', method: request.method, uri: request.uri, size: bytes.length });
        expect([...again.headers.lines()].slice(0, -1)).toEqual([...request.headers.lines()]);
        expect(again.body.equals(request.body)).toBe(true);
        expect(writeMessage(again).equals(bytes)).toBe(true);
      }),
    );
  });

  test('a stream cut anywhere gives the same messages and keep-alives', () => {
    const pieces = fc.array(fc.oneof(message.map(writeMessage), fc.constant(Buffer.from('\r\n\r\n'))), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(pieces, fc.array(fc.nat(2_000)), (parts, cuts) => {
        const bytes = Buffer.concat(parts);
        const whole = streamed(bytes, []);
        const cut = streamed(
          bytes,
          cuts.map((at) => at % (bytes.length + 1)),
        );
        expect(whole.isSound && cut.isSound).toBe(true);
        expect(cut.pings).toBe(whole.pings);
        const written = ({ results }: typeof whole) =>
          results.map((result) => (result.outcome === 'message' ? writeMessage(result.message) : result));
        expect(written(cut)).toEqual(written(whole));
        expect(written(whole)).toEqual(parts.filter((part) => part.length > 4));
      }),
    );
  });

  test('nothing throws, and what is taken can be written', () => {
    const spoilt = fc
      .tuple(message.map(writeMessage), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 8 }))
      .map(([bytes, changes]) => {
        const copy = Buffer.from(bytes);
        for (const [at, byte] of changes) copy[at % copy.length] = byte;
        return copy;
      });
    const bytes = fc.oneof(
      spoilt,
      fc.uint8Array({ maxLength: 400 }).map((array) => Buffer.from(array)),
    );
    fc.assert(
      fc.property(bytes, (any) => {
        const result = parseDatagram(any);
        streamed(any, [any.length >> 1]);
        if (result.outcome === 'bad') {
          if (result.answerable) writeMessage(createResponse(result.answerable, result.status, { reason: result.reason, toTag: 'x' }));
          return;
        }
        const { headers } = result.message;
        const via = parseVia(headers.get('via') ?? '');
        if (via) noteSource(headers, via, { host: '192.0.2.1', port: 5060 });
        writeMessage(result.message);
      }),
      { numRuns: 500 },
    );
  });

  test('the parsers of values take any text, and what they took is read the same again', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ maxLength: 80 }), fc.stringMatching(/^[sip:@;=<>"\\,a-c[\]. 0-9]{0,40}$/)), (text) => {
        splitList(text);
        tagOf(text);
        const uri = parseUri(text);
        if (uri) expect(parseUri(uriText(uri))).toEqual(uri);
        const via = parseVia(text);
        if (via) expect(parseVia(`SIP/2.0/${via.transport} host${paramsText(via.params)}`)?.params).toEqual(via.params);
        const nameAddr = parseNameAddr(text);
        if (nameAddr) expect(parseNameAddr(`<${nameAddr.uri}>${paramsText(nameAddr.params)}`)).toEqual({ ...nameAddr, display: '' });
      }),
      { numRuns: 1_000 },
    );
  });
});
