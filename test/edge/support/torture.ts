/**
 * The torture messages of RFC 4475, written after its descriptions, and what this edge makes of each: `taken` (it goes up, whatever the layers above say
 * of it), the status it is refused with, or `dropped`.
 */
export interface TortureMessage {
  /** Section and name in the RFC. */
  readonly name: string;
  readonly bytes: Buffer;
  readonly expected: 'taken' | 'dropped' | 400 | 505;
}

interface Fields {
  readonly start?: string;
  readonly via?: string;
  readonly to?: string;
  readonly from?: string;
  readonly cseq?: string;
  readonly lines?: readonly string[];
  /** Instead of the lines that the other fields give. */
  readonly all?: readonly string[];
  readonly body?: Buffer | string;
  readonly length?: string | null;
}

const SDP = 'v=0\r\no=mhandley 29739 7272939 IN IP4 192.0.2.3\r\ns=-\r\nc=IN IP4 192.0.2.4\r\nt=0 0\r\nm=audio 49217 RTP/AVP 0 12\r\n';

function message(name: string, expected: TortureMessage['expected'], fields: Fields): TortureMessage {
  const start = fields.start ?? 'OPTIONS sip:user@example.com SIP/2.0';
  const method = start.split(' ')[0];
  const body = Buffer.from(fields.body ?? '');
  const lines = fields.all ?? [
    `Via: ${fields.via ?? `SIP/2.0/UDP host1.example.com;rport;branch=z9hG4bK${name.split(' ')[1]}`}`,
    'Max-Forwards: 70',
    `To: ${fields.to ?? 'sip:user@example.com'}`,
    `From: ${fields.from ?? '<sip:caller@example.net>;tag=torture'}`,
    `Call-ID: ${name.split(' ')[1]}.0ha0isndaksdj@192.0.2.1`,
    `CSeq: ${fields.cseq ?? `8 ${method}`}`,
    ...(fields.lines ?? []),
  ];
  const length = fields.length === null ? [] : [`Content-Length: ${fields.length ?? body.length}`];
  const head = `${[start, ...lines, ...length].join('\r\n')}\r\n\r\n`;
  return { name, expected, bytes: Buffer.concat([Buffer.from(head), body]) };
}

const INVITE = 'INVITE sip:user@example.com SIP/2.0';
const UNUSUAL_USER = "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*";

export const TORTURE: readonly TortureMessage[] = [
  message('3.1.1.1 wsinv', 'taken', {
    start: 'INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0',
    all: [
      'TO :',
      ' sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n',
      'from   : "J Rosenberg \\\\\\""       <sip:jdrosen@example.com>',
      '  ;',
      '  tag = 98asjd8',
      'MaX-fOrWaRdS: 0068',
      'Call-ID: wsinv.ndaksdj@192.0.2.1',
      'cseq: 0009',
      '  INVITE',
      'Via  : SIP  /   2.0',
      ' /UDP',
      '    192.0.2.2;rport;branch=390skdjuw',
      's :',
      'NewFangledHeader:   newfangled value',
      ' continued newfangled value',
      'UnknownHeaderWithUnusualValue: ;;,,;;,;',
      'Content-Type: application/sdp',
      'Route:',
      ' <sip:services.example.com;lr;unknownwith=value;unknown-no-value>',
      'v:  SIP  / 2.0  / TCP     spindle.example.com   ;',
      '  branch  =   z9hG4bK9ikj8  ,',
      ' SIP  /    2.0   / UDP  192.168.255.111   ; branch=',
      ' z9hG4bK30239',
      'm:"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam =',
      '      newvalue ;',
      '  secondparam ; q = 0.33',
    ],
    body: SDP,
  }),
  message('3.1.1.2 intmeth', 'taken', {
    start: `!interesting-Method0123456789_*+\`.%indeed'~ sip:${UNUSUAL_USER}:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com SIP/2.0`,
    via: "SIP/2.0/TCP host1.example.com;rport;branch=z9hG4bK-.!%66*_+`'~",
    to: `"BEL:\\\u0007 NUL:\\\u0000 DEL:\\\u007f" <sip:${UNUSUAL_USER}@example.com>`,
    from: "token1~` token2'+_ token3*%!.- <sip:mundane@example.com>;fromParam''~+*_!.-%=\"\u0440\u0430\u0431\u043e\u0442\u0430\u044e\u0449\u0438\u0439\";tag=_token~1'+`*%!-.",
    cseq: "139122385 !interesting-Method0123456789_*+`.%indeed'~",
    lines: ["extensionHeader-!.%*+_`'~:\ufeff\u5927\u505c\u96fb"],
  }),
  message('3.1.1.3 esc01', 'taken', {
    start: 'INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0',
    to: 'sip:%75se%72@example.com',
    from: '<sip:I%20have%20spaces@example.net>;tag=938',
    lines: ['Contact: <sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31>'],
    body: SDP,
  }),
  message('3.1.1.4 escnull', 'taken', {
    start: 'REGISTER sip:example.com SIP/2.0',
    to: 'sip:null-%00-null@example.com',
    from: 'sip:null-%00-null@example.com;tag=839923423',
    lines: ['Contact: <sip:%00@host5.example.com>', 'L:0'],
    length: null,
  }),
  message('3.1.1.5 esc02', 'taken', {
    start: 'RE%47IST%45R sip:registrar.example.com SIP/2.0',
    lines: ['Contact: <sip:alias1@host1.example.com>', 'C%6Fntact: <sip:alias2@host2.example.com>'],
  }),
  message('3.1.1.6 lwsdisp', 'taken', { from: 'caller<sip:caller@example.com>;tag=323' }),
  message('3.1.1.7 longreq', 'taken', {
    start: INVITE,
    to: `"I have a user name of ${'extreme'.repeat(10)} proportion"<sip:user@example.com:6000;unknownparam1=very${'long'.repeat(20)}value;longparam${'name'.repeat(25)}=shortvalue>`,
    from: `sip:${'amazinglylongcallername'.repeat(5)}@example.net;tag=12${'982'.repeat(50)}424;unknownheaderparam${'name'.repeat(20)}=unknowheaderparam${'value'.repeat(15)}`,
    lines: [
      `Unknown-${'Long'.repeat(20)}-Name: unknown-${'long'.repeat(20)}-value; unknown-${'long'.repeat(20)}-parameter-name = unknown-${'long'.repeat(20)}-parameter-value`,
      `Via: SIP/2.0/TCP sip33.example.com`,
      ...Array.from({ length: 33 }, (_, at) => `v: SIP/2.0/TCP sip${33 - at}.example.com`),
      `Contact: <sip:${'amazinglylongcallername'.repeat(5)}@host5.example.net>`,
    ],
    body: SDP,
  }),
  message('3.1.1.8 dblreq', 'taken', {
    start: 'REGISTER sip:example.com SIP/2.0',
    length: '0',
    body: `INVITE sip:joe@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.125\r\n\r\n${SDP}`,
  }),
  message('3.1.1.9 semiuri', 'taken', { start: 'OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0' }),
  message('3.1.1.10 transports', 'taken', {
    lines: ['SCTP', 'TLS', 'UNKNOWN', 'TCP'].map((transport, at) => `Via: SIP/2.0/${transport} t${at}.example.com;branch=z9hG4bKt${at}`),
  }),
  message('3.1.1.11 mpart01', 'taken', {
    start: 'MESSAGE sip:kumiko@example.org SIP/2.0',
    lines: ['Content-Type: multipart/mixed;boundary=7a9cbec02ceef655'],
    body: Buffer.concat([
      Buffer.from('--7a9cbec02ceef655\r\nContent-Type: text/plain\r\n\r\nHello\r\n--7a9cbec02ceef655\r\n\r\n'),
      Buffer.from([0x30, 0x82, 0x01, 0x52, 0x00, 0xff, 0x0d, 0x0a, 0x0d, 0x0a, 0x80]),
      Buffer.from('\r\n--7a9cbec02ceef655--'),
    ]),
  }),
  message('3.1.1.12 unreason', 'taken', { start: 'SIP/2.0 200 = 2**3 * 5**2 \u043d\u043e \u0441\u0442\u043e', cseq: '35 INVITE' }),
  message('3.1.1.13 noreason', 'taken', { start: 'SIP/2.0 100 ', cseq: '35 INVITE' }),
  message('3.1.2.1 badinv01', 'dropped', {
    start: INVITE,
    via: 'SIP/2.0/UDP 192.0.2.15;;,;,,',
    lines: ['Contact: "Joe" <sip:joe@example.org>;;;;'],
  }),
  message('3.1.2.2 clerr', 400, { start: INVITE, length: '9999', body: SDP }),
  message('3.1.2.3 ncl', 400, { start: INVITE, length: '-999', body: SDP }),
  message('3.1.2.4 scalar02', 400, {
    start: 'REGISTER sip:example.com SIP/2.0',
    cseq: '36893488147419103232 REGISTER',
    lines: [`Expires: 1${'0'.repeat(100)}`, 'Contact: <sip:user@host129.example.com>;expires=280297596632815'],
  }),
  message('3.1.2.5 scalarlg', 'dropped', {
    start: 'SIP/2.0 503 Service Unavailable',
    cseq: '9292394834772304023312 OPTIONS',
    lines: [`Retry-After: 949302838503028349304023988`, `Warning: 1812 overture "In Progress"`],
  }),
  message('3.1.2.6 quotbal', 400, { start: INVITE, to: '"Mr. J. User <sip:j.user@example.com>' }),
  message('3.1.2.7 ltgtruri', 400, { start: 'INVITE <sip:user@example.com> SIP/2.0' }),
  message('3.1.2.8 lwsruri', 400, { start: 'INVITE sip:user@example.com; lr SIP/2.0' }),
  message('3.1.2.9 lwsstart', 400, { start: 'INVITE  sip:user@example.com  SIP/2.0' }),
  message('3.1.2.10 trws', 400, { start: 'OPTIONS sip:remote-target@example.com SIP/2.0  ' }),
  message('3.1.2.11 escruri', 'taken', { start: 'INVITE sip:user@example.com?Route=%3Csip:example.com%3E SIP/2.0' }),
  message('3.1.2.12 baddate', 'taken', { start: INVITE, lines: ['Date: Fri, 01 Jan 2010 16:00:00 EST'] }),
  message('3.1.2.13 regbadct', 'taken', {
    start: 'REGISTER sip:example.com SIP/2.0',
    lines: ['Contact: sip:user@example.com?Route=%3Csip:sip.example.com%3E'],
  }),
  message('3.1.2.14 badaspec', 'taken', { to: '"Watson, Thomas" < sip:t.watson@example.org >' }),
  message('3.1.2.15 baddn', 'taken', { from: 'Bell, Alexander <sip:a.g.bell@example.com>;tag=43' }),
  message('3.1.2.16 badvers', 505, {
    start: 'OPTIONS sip:t.watson@example.org SIP/7.0',
    via: 'SIP/7.0/UDP c.example.com;rport;branch=z9hG4bKbadvers',
  }),
  message('3.1.2.17 mismatch01', 400, { cseq: '8 INVITE' }),
  message('3.1.2.18 mismatch02', 400, { start: 'NEWMETHOD sip:user@example.com SIP/2.0', cseq: '8 INVITE' }),
  message('3.1.2.19 bigcode', 'dropped', { start: 'SIP/2.0 4294967301 better not break the receiver', cseq: '353494 INVITE' }),
  message('3.2.1 badbranch', 'taken', { via: 'SIP/2.0/UDP 192.0.2.1;rport;branch=z9hG4bK' }),
  message('3.3.1 insuf', 400, {
    start: INVITE,
    all: ['CSeq: 193942 INVITE', 'Via: SIP/2.0/UDP 192.0.2.95;rport;branch=z9hG4bKinsuf', 'Content-Type: application/sdp'],
    body: SDP,
  }),
  message('3.3.2 unkscm', 'taken', { start: 'OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0' }),
  message('3.3.3 novelsc', 'taken', { start: 'OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0' }),
  message('3.3.4 unksm2', 'taken', { to: 'isbn:2983792873', from: '<http://www.example.com>;tag=3234233' }),
  message('3.3.5 bext01', 'taken', {
    lines: ['Require: nothingSupportsThis, nothingSupportsThisEither', 'Proxy-Require: noProxiesSupportThis'],
  }),
  message('3.3.6 invut', 'taken', { start: INVITE, lines: ['Content-Type: application/unknownformat'], body: '<audio>\r\n</audio>' }),
  message('3.3.7 regaut01', 'taken', {
    start: 'REGISTER sip:example.com SIP/2.0',
    lines: ['Authorization: NoOneKnowsThisScheme opaque-data=here'],
  }),
  message('3.3.8 multi01', 400, {
    start: INVITE,
    lines: [
      ...['Call-ID: 5', 'CSeq: 59 INVITE', 'To: "Joe" <sip:joe@example.org>', 'From: <sip:other@example.net>;tag=33f', 'Max-Forwards: 5'],
      'Content-Type: text/plain',
    ],
    body: SDP,
  }),
  message('3.3.9 mcl01', 400, { lines: ['L: 13'], body: 'There is no way to know how long this is' }),
  message('3.3.10 bcast', 'taken', {
    start: 'SIP/2.0 200 OK',
    via: 'SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923',
    cseq: '35 INVITE',
  }),
  message('3.3.11 zeromf', 'taken', {
    all: [
      'To: sip:user@example.com',
      'From: sip:caller@example.net;tag=3ghsd41',
      'Call-ID: zeromf.jfasdlfnm2o2l43r5u0asdfas',
      'CSeq: 39234321 OPTIONS',
      'Via: SIP/2.0/UDP host1.example.com;rport;branch=z9hG4bKkdjuw2349i',
      'Max-Forwards: 0',
    ],
  }),
  message('3.3.12 cparam01', 'taken', {
    start: 'REGISTER sip:example.com SIP/2.0',
    lines: ['Contact: sip:+19725552222@gw1.example.net;unknownparam'],
  }),
  message('3.3.13 cparam02', 'taken', {
    start: 'REGISTER sip:example.com SIP/2.0',
    lines: ['Contact: <sip:+19725552222@gw1.example.net;unknownparam>'],
  }),
  message('3.3.14 regescrt', 'taken', {
    start: 'REGISTER sip:example.com SIP/2.0',
    lines: ['Contact: <sip:user@example.com?Route=%3Csip:sip.example.com%3E>'],
  }),
  message('3.3.15 sdp01', 'taken', { start: INVITE, lines: ['Accept: text/nobodyKnowsThis', 'Content-Type: application/sdp'], body: SDP }),
  message('3.4.1 inv2543', 'taken', {
    start: 'INVITE sip:UserB@example.com SIP/2.0',
    all: [
      'Via: SIP/2.0/UDP iftgw.example.com',
      'From: <sip:+13035551111@ift.client.example.net;user=phone>',
      'Record-Route: <sip:UserB@example.com;maddr=ss1.example.com>',
      'To: sip:+16505552222@ss1.example.net;user=phone',
      'Call-ID: inv2543.1717@ift.client.example.com',
      'CSeq: 56 INVITE',
      'Content-Type: application/sdp',
    ],
    body: SDP,
  }),
];
