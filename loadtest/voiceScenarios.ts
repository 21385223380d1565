/**
 * What SIPp plays in the voice benchmark, as its XML. Agents register once with digest and answer every INVITE that comes to their socket after `ringMs`, talk for
 * `talkMs` and hang up; callers call, are silent, and hang up themselves when nobody did within `patienceMs`.
 */

/** How a caller's number begins; the rest is process and call, so that every call of a run has its own. */
export const CALLER_PREFIX = '+39';

const lines = (...text: readonly string[]): string => `<![CDATA[\n${text.join('\n')}\n\n]]>`;
const scenario = (name: string, ...steps: readonly string[]): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="${name}">\n${steps.join('\n')}\n</scenario>\n`;

function sdp(media: string): string[] {
  return [
    'v=0',
    'o=bench 1 1 IN IP4 [media_ip]',
    's=-',
    'c=IN IP4 [media_ip]',
    't=0 0',
    `m=audio ${media} RTP/AVP 8 101`,
    'a=rtpmap:8 PCMA/8000',
    'a=rtpmap:101 telephone-event/8000',
    'a=fmtp:101 0-16',
    'a=ptime:20',
  ];
}

/**
 * Field 0 of the file of phones is the user name, field 1 SIPp's authentication keyword. Told 503, a phone tries again, as phones do. The call stays open: its socket
 * takes the INVITEs.
 */
export function registering(): string {
  const drawn = '<nop><action><sample assign_to="drawn" distribution="uniform" min="0" max="1000000000"/></action></nop>';
  const register = (name: string, ...more: readonly string[]): string =>
    `<send retrans="500">${lines(
      'REGISTER sip:[remote_ip]:[remote_port] SIP/2.0',
      `Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=z9hG4bK[$drawn]${name};rport`,
      'Max-Forwards: 70',
      'From: <sip:[field0]@[remote_ip]>;tag=r[pid]x[call_number]',
      'To: <sip:[field0]@[remote_ip]>',
      'Call-ID: [call_id]',
      'CSeq: [cseq] REGISTER',
      'Contact: <sip:[field0]@[local_ip]:[local_port]>',
      'Expires: 3600',
      ...more,
      'Content-Length: 0',
    )}</send>`;
  const others = '<recv response="100" optional="true"/><recv response="503" optional="true" next="again"/>';
  return scenario(
    'registering',
    '<label id="begin"/>',
    drawn,
    register('a'),
    others,
    '<recv response="401" auth="true"/>',
    register('b', '[field1]'),
    others,
    '<recv response="200" next="registered"/>',
    '<label id="again"/>',
    '<pause milliseconds="1000" next="begin"/>',
    '<label id="registered"/>',
    '<pause milliseconds="3600000"/>',
  );
}

/** Started by an INVITE out of any call. SIPp counts no calls here, so branch and tag are drawn: they must differ from call to call. */
export function answering({ ringMs, talkMs }: { readonly ringMs: number; readonly talkMs: number }): string {
  const reply = (status: string, ...more: readonly string[]): string[] => [
    `SIP/2.0 ${status}`,
    '[last_Via:]',
    '[last_Record-Route:]',
    '[last_From:]',
    '[last_To:];tag=a[$drawn]',
    '[last_Call-ID:]',
    '[last_CSeq:]',
    'Contact: <sip:agent@[local_ip]:[local_port]>',
    ...more,
  ];
  return scenario(
    'answering',
    `<recv request="INVITE" rrs="true"><action>
      <sample assign_to="drawn" distribution="uniform" min="0" max="1000000000"/>
      <ereg regexp=".*" search_in="hdr" header="From:" assign_to="from"/>
      <ereg regexp=".*" search_in="hdr" header="To:" assign_to="to"/>
    </action></recv>`,
    `<send>${lines(...reply('180 Ringing', 'Content-Length: 0'))}</send>`,
    `<pause milliseconds="${ringMs}"/>`,
    `<send retrans="500">${lines(...reply('200 OK', 'Content-Type: application/sdp', 'Content-Length: [len]', '', ...sdp('[media_port]')))}</send>`,
    '<recv request="ACK" timeout="8000"/>',
    `<pause milliseconds="${talkMs}"/>`,
    `<send retrans="500">${lines(
      'BYE [next_url] SIP/2.0',
      'Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=z9hG4bK[$drawn]bye;rport',
      '[routes]',
      'From:[$to];tag=a[$drawn]',
      'To:[$from]',
      'Call-ID: [call_id]',
      'CSeq: 1 BYE',
      'Max-Forwards: 70',
      'Content-Length: 0',
    )}</send>`,
    '<recv response="200" timeout="8000"/>',
  );
}

export function calling({ patienceMs }: { readonly patienceMs: number }): string {
  const number = `${CALLER_PREFIX}[pid]0[call_number]`;
  const head = (method: string, cseq: string, to: string, ...more: readonly string[]): string[] => [
    'Max-Forwards: 70',
    `From: <sip:${number}@[local_ip]>;tag=c[pid]x[call_number]`,
    `To: <sip:[service]@[remote_ip]>${to}`,
    'Call-ID: [call_id]',
    `CSeq: ${cseq} ${method}`,
    ...more,
  ];
  const via = 'Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch];rport';
  const [line, routes] = ['[next_url] SIP/2.0', '[routes]'];
  return scenario(
    'calling',
    `<send retrans="500">${lines(
      'INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0',
      via,
      ...head(
        'INVITE',
        '1',
        '',
        `Contact: <sip:${number}@[local_ip]:[local_port]>`,
        'Content-Type: application/sdp',
        'Content-Length: [len]',
      ),
      '',
      ...sdp('[auto_media_port]'),
    )}</send>`,
    '<recv response="100" optional="true"/>',
    '<recv response="180" optional="true"/>',
    '<recv response="183" optional="true"/>',
    '<recv response="486" optional="true" next="refused"/>',
    '<recv response="503" optional="true" next="refused"/>',
    '<recv response="480" optional="true" next="refused"/>',
    '<recv response="200" rrs="true" timeout="30000"/>',
    `<send>${lines(`ACK ${line}`, via, routes, ...head('ACK', '1', '[peer_tag_param]', 'Content-Length: 0'))}</send>`,
    `<recv request="BYE" timeout="${patienceMs}" ontimeout="leaving"/>`,
    `<send next="over">${lines('SIP/2.0 200 OK', '[last_Via:]', '[last_From:]', '[last_To:]', '[last_Call-ID:]', '[last_CSeq:]', 'Content-Length: 0')}</send>`,
    '<label id="leaving"/>',
    `<send retrans="500">${lines(`BYE ${line}`, via, routes, ...head('BYE', '2', '[peer_tag_param]', 'Content-Length: 0'))}</send>`,
    '<recv response="200" next="over"/>',
    '<label id="refused"/>',
    `<send>${lines('ACK sip:[service]@[remote_ip]:[remote_port] SIP/2.0', '[last_Via:]', ...head('ACK', '1', '[peer_tag_param]', 'Content-Length: 0'))}</send>`,
    '<label id="over"/>',
    '<nop/>',
  );
}
