/**
 * A SIP phone over UDP for tests, written from the RFCs and using nothing of the code it tests: its socket and transactions, registration with digest, and the calls it places
 * and takes (`PhoneCall`); on demand it loses messages. Its media are an `RtpPhone`.
 */
import { createHash } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { PhoneCall } from './phoneCall.ts';
import { RtpPhone, type RtpPhoneOptions } from './rtpPhone.ts';
import { header, keyOf, parse, type SipText, statusOf, token } from './sipText.ts';

export type { PhoneCall };

export interface PhoneOptions {
  readonly user?: string;
  readonly server: { readonly host: string; readonly port: number };
  readonly media?: RtpPhoneOptions;
  /** The methods it says it knows; empty: it says nothing. */
  readonly allow?: string;
  /** What it answers with when a call of its own is challenged (407); absent: nothing. */
  readonly password?: string;
}

const T1_MS = 500;

export class SipPhone {
  readonly user: string;
  readonly media: RtpPhone;
  password: string | undefined;
  readonly server: { readonly host: string; readonly port: number };
  /** Every message that came, oldest first. */
  readonly received: SipText[] = [];
  readonly calls: PhoneCall[] = [];
  /** Calls that ring here and were not taken yet. */
  onInvite: (call: PhoneCall) => void = () => undefined;
  /** Asked of every request but ACK and CANCEL; false: it was answered there, and nothing else comes of it. */
  lets: (request: SipText) => boolean = () => true;
  /** What becomes of each message before it is sent; false: lost. */
  passes: (text: string) => boolean = () => true;
  /** Allow, of an INVITE and its 200. */
  readonly allow: readonly string[];
  readonly #socket: Socket;
  readonly #pending = new Map<string, (response: SipText) => void>();
  readonly #answered = new Map<string, string>();
  readonly #timers = new Set<NodeJS.Timeout>();

  private constructor(socket: Socket, media: RtpPhone, options: PhoneOptions) {
    this.#socket = socket;
    this.media = media;
    this.user = options.user ?? `phone-${token()}`;
    this.server = options.server;
    this.password = options.password;
    const { allow = 'INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, REFER, NOTIFY' } = options;
    this.allow = allow ? [`Allow: ${allow}`] : [];
    socket.on('message', (bytes) => this.#onMessage(bytes.toString()));
  }

  static async open(options: PhoneOptions): Promise<SipPhone> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new SipPhone(socket, await RtpPhone.open(options.media), options);
  }

  get address(): string {
    return `127.0.0.1:${this.#socket.address().port}`;
  }
  get contact(): string {
    return `<sip:${this.user}@${this.address}>`;
  }

  sdp({
    direction = 'sendrecv',
    address = '127.0.0.1',
    version = 1,
  }: {
    direction?: string;
    address?: string;
    version?: number;
  } = {}): string {
    const { law, payloadType, eventPayloadType, port } = this.media;
    return [
      'v=0',
      `o=phone 7 ${version} IN IP4 127.0.0.1`,
      's=-',
      `c=IN IP4 ${address}`,
      't=0 0',
      `m=audio ${port} RTP/AVP ${payloadType} ${eventPayloadType}`,
      `a=rtpmap:${payloadType} ${law}/8000`,
      `a=rtpmap:${eventPayloadType} telephone-event/8000`,
      `a=${direction}`,
      '',
    ].join('\r\n');
  }

  /** Places a call. Resolves when the INVITE is out; `answered` and `ended` of it say what became of it. */
  call(dialled: string, options: { domain?: string; sdp?: string; from?: string; to?: string; headers?: string[] } = {}): PhoneCall {
    const uri = `sip:${dialled}@${options.domain ?? `${this.server.host}:${this.server.port}`}`;
    const call = new PhoneCall(this, {
      uri,
      to: options.to ?? `<${uri}>`,
      from: options.from ?? `<sip:${this.user}@${this.server.host}>`,
      callId: token(),
      isCaller: true,
    });
    this.calls.push(call);
    void call.invite(options.sdp ?? this.sdp(), options.headers);
    return call;
  }

  async register(
    password: string,
    { expires = 300, contact = this.contact, callId = token() }: { expires?: number; contact?: string; callId?: string } = {},
  ): Promise<number> {
    const uri = `sip:${this.server.host}:${this.server.port}`;
    const aor = `<sip:${this.user}@${this.server.host}>`;
    const tag = token();
    let authorization: string | undefined;
    for (let cseq = 1; ; cseq++) {
      const response = await this.request('REGISTER', uri, [
        `From: ${aor};tag=${tag}`,
        `To: ${aor}`,
        `Call-ID: ${callId}`,
        `CSeq: ${cseq} REGISTER`,
        `Contact: ${contact}`,
        `Expires: ${expires}`,
        ...(authorization ? [`Authorization: ${authorization}`] : []),
      ]);
      const status = statusOf(response);
      if (status !== 401 || authorization) return status;
      authorization = this.digest(header(response, 'WWW-Authenticate') ?? '', 'REGISTER', uri, password);
    }
  }

  /** RFC 8760/3261 22: MD5 with qop. */
  digest(challenge: string, method: string, uri: string, password: string): string {
    const field = (name: string): string => new RegExp(`${name}="?([^",]+)"?`, 'i').exec(challenge)?.[1] ?? '';
    const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
    const [realm, nonce, cnonce, nc] = [field('realm'), field('nonce'), token(), '00000001'];
    const ha1 = md5(`${this.user}:${realm}:${password}`);
    const response = md5(`${ha1}:${nonce}:${nc}:${cnonce}:auth:${md5(`${method}:${uri}`)}`);
    const opaque = field('opaque');
    return `Digest username="${this.user}", realm="${realm}", nonce="${nonce}", uri="${uri}", response="${response}", algorithm=MD5, cnonce="${cnonce}", qop=auth, nc=${nc}${opaque ? `, opaque="${opaque}"` : ''}`;
  }

  /** Sends a request and resolves with its final response; an INVITE tells provisional ones to `progress`. */
  request(
    method: string,
    uri: string,
    lines: string[],
    body = '',
    progress?: (response: SipText) => void,
    branch = `z9hG4bK${token()}`,
  ): Promise<SipText> {
    return new Promise((resolve) => {
      const type = body.startsWith('v=0') ? ['Content-Type: application/sdp'] : [];
      const text = [
        `${method} ${uri} SIP/2.0`,
        `Via: SIP/2.0/UDP ${this.address};branch=${branch};rport`,
        'Max-Forwards: 70',
        ...lines,
        ...type,
        `Content-Length: ${Buffer.byteLength(body)}`,
        '',
        body,
      ].join('\r\n');
      // RFC 3261 17.1: until something comes.
      const again = setInterval(() => this.send(text), T1_MS);
      this.#timers.add(again);
      this.#pending.set(`${branch} ${method}`, (response) => {
        clearInterval(again);
        this.#timers.delete(again);
        if (statusOf(response) < 200) return progress?.(response);
        this.#pending.delete(`${branch} ${method}`);
        resolve(response);
      });
      this.send(text);
    });
  }

  respond(request: SipText, status: number, reason: string, lines: string[] = [], body = ''): void {
    const copied = request.headers
      .filter(([name]) => /^(via|from|call-id|cseq|record-route)$/i.test(name))
      .map(([name, value]) => `${name}: ${value}`);
    const type = body.startsWith('v=0') ? ['Content-Type: application/sdp'] : [];
    const text = [`SIP/2.0 ${status} ${reason}`, ...copied, ...lines, ...type, `Content-Length: ${Buffer.byteLength(body)}`, '', body].join(
      '\r\n',
    );
    this.#answered.set(keyOf(request), text);
    this.send(text);
  }

  send(text: string): void {
    if (this.passes(text)) this.#socket.send(text, this.server.port, this.server.host);
  }

  /** As when its battery is pulled out. */
  vanish(): void {
    this.passes = () => false;
    this.media.hush();
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#socket.close();
    this.media.close();
  }

  #onMessage(text: string): void {
    const message = parse(text);
    if (!message) return;
    this.received.push(message);
    if (message.start.startsWith('SIP/2.0')) {
      const branch = /branch=([^;,\s]+)/.exec(header(message, 'Via') ?? '')?.[1] ?? '';
      const method = (header(message, 'CSeq') ?? '').split(' ')[1] ?? '';
      const pending = this.#pending.get(`${branch} ${method}`);
      if (pending) return pending(message);
      // A 200 that comes again: its ACK was lost.
      if (method === 'INVITE') this.calls.find((call) => call.callId === header(message, 'Call-ID'))?.acknowledgeAgain();
      return;
    }
    const method = message.start.split(' ')[0] ?? '';
    const before = this.#answered.get(keyOf(message));
    if (before && method !== 'ACK') return this.send(before);
    const call = this.calls.find((known) => known.callId === header(message, 'Call-ID'));
    // Repeated because nobody has answered it yet: a phone that rings goes on ringing.
    if (method === 'INVITE' && call?.invitation && keyOf(message) === keyOf(call.invitation)) return;
    if (method !== 'ACK' && method !== 'CANCEL' && !this.lets(message)) return;
    if (call) return call.handle(method, message);
    if (method !== 'INVITE') return method === 'ACK' ? undefined : this.respond(message, 481, 'No Call', [`To: ${header(message, 'To')}`]);
    const incoming = PhoneCall.incoming(this, message);
    this.calls.push(incoming);
    this.onInvite(incoming);
  }
}
