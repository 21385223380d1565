/**
 * A SIP phone over UDP for tests, written from the RFCs and using nothing of the code it tests: places and takes calls, holds, transfers, sends INFO, cancels, registers with
 * digest; on demand it loses messages. Its media are an `RtpPhone`.
 */
import { createHash, randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { RtpPhone, type RtpPhoneOptions } from './rtpPhone.ts';
import { header, keyOf, parse, type SipText, statusOf } from './sipText.ts';

export interface PhoneOptions {
  readonly user?: string;
  readonly server: { readonly host: string; readonly port: number };
  readonly media?: RtpPhoneOptions;
  /** The methods it says it knows; empty: it says nothing. */
  readonly allow?: string;
  /** What it answers with when a call of its own is challenged (407); absent: nothing. */
  readonly password?: string;
}

const token = (): string => randomBytes(8).toString('hex');
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
  call(dialled: string, options: { sdp?: string; from?: string; to?: string; headers?: string[] } = {}): PhoneCall {
    const uri = `sip:${dialled}@${this.server.host}:${this.server.port}`;
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
    if (call) return call.handle(method, message);
    if (method !== 'INVITE') return method === 'ACK' ? undefined : this.respond(message, 481, 'No Call', [`To: ${header(message, 'To')}`]);
    const incoming = PhoneCall.incoming(this, message);
    this.calls.push(incoming);
    this.onInvite(incoming);
  }
}

interface CallParts {
  readonly uri: string;
  readonly to: string;
  readonly from: string;
  readonly callId: string;
  readonly isCaller: boolean;
}

export class PhoneCall {
  readonly phone: SipPhone;
  readonly callId: string;
  readonly isCaller: boolean;
  readonly tag = token();
  state: 'ringing' | 'talking' | 'over' = 'ringing';
  /** Final status of a call that was not answered. */
  status = 0;
  progress: number[] = [];
  /** The last description of the other side. */
  remoteSdp = '';
  acknowledged = false;
  invitation: SipText | undefined;
  /** Bodies of NOTIFY requests in the dialog. */
  readonly notified: string[] = [];
  byeHeaders: SipText | undefined;
  /** Answers to re-INVITEs of the other side; undefined: 200 with our description. */
  onReinvite: ((request: SipText) => void) | undefined;
  optionsStatus = 200;
  #uri: string;
  #to: string;
  #from: string;
  #cseq = 1;
  #inviteCseq = 1;
  #branch = '';
  #lastAck = '';

  constructor(phone: SipPhone, parts: CallParts) {
    this.phone = phone;
    this.callId = parts.callId;
    this.isCaller = parts.isCaller;
    this.#uri = parts.uri;
    this.#to = parts.to;
    this.#from = `${parts.from};tag=${this.tag}`;
  }

  static incoming(phone: SipPhone, request: SipText): PhoneCall {
    const call = new PhoneCall(phone, {
      uri: /<([^>]+)>/.exec(header(request, 'Contact') ?? '')?.[1] ?? '',
      to: header(request, 'From') ?? '',
      from: header(request, 'To') ?? '',
      callId: header(request, 'Call-ID') ?? '',
      isCaller: false,
    });
    call.invitation = request;
    call.remoteSdp = request.body;
    return call;
  }

  /** What stands in To or From of the other side, with its tag. */
  get dialogIds(): { readonly callId: string; readonly local: string; readonly remote: string } {
    return { callId: this.callId, local: this.tag, remote: /tag=([^;>]+)/.exec(this.#to)?.[1] ?? '' };
  }

  async invite(sdp: string, headers: string[] = []): Promise<void> {
    this.#branch = `z9hG4bK${token()}`;
    this.#inviteCseq = this.#cseq;
    const lines = [...this.#lines('INVITE', this.#cseq++), `Contact: ${this.phone.contact}`, ...this.phone.allow, ...headers];
    const response = await this.phone.request(
      'INVITE',
      this.#uri,
      lines,
      sdp,
      (early) => this.progress.push(statusOf(early)),
      this.#branch,
    );
    const challenge = header(response, 'Proxy-Authenticate');
    const { password } = this.phone;
    if (statusOf(response) === 407 && challenge && password !== undefined && !headers.some((line) => line.startsWith('Proxy-Auth'))) {
      const to = this.#to;
      this.#to = header(response, 'To') ?? to;
      this.#ack(this.#branch, '');
      this.#to = to;
      return this.invite(sdp, [...headers, `Proxy-Authorization: ${this.phone.digest(challenge, 'INVITE', this.#uri, password)}`]);
    }
    await this.#answeredBy(response);
  }

  async #answeredBy(response: SipText): Promise<void> {
    this.#to = header(response, 'To') ?? this.#to;
    const status = statusOf(response);
    if (status >= 300) {
      this.#ack(this.#branch, '');
      if (this.state === 'ringing') {
        this.state = 'over';
        this.status = status;
      }
      return;
    }
    this.#uri = /<([^>]+)>/.exec(header(response, 'Contact') ?? '')?.[1] ?? this.#uri;
    this.remoteSdp = response.body;
    this.#ack(`z9hG4bK${token()}`, this.lateSdp);
    if (this.state === 'ringing') this.state = 'talking';
    this.#talk();
  }

  /** For an INVITE without a description: our answer goes into the ACK. */
  lateSdp = '';

  /** Of an incoming call. */
  ring(): void {
    if (this.invitation) this.phone.respond(this.invitation, 180, 'Ringing', [`To: ${this.#from}`, `Contact: ${this.phone.contact}`]);
  }
  answer(): void {
    if (!this.invitation) return;
    this.state = 'talking';
    const lines = [`To: ${this.#from}`, `Contact: ${this.phone.contact}`, ...this.phone.allow];
    this.phone.respond(this.invitation, 200, 'OK', lines, this.phone.sdp());
    this.#talk();
  }
  decline(status = 486, lines: string[] = []): void {
    if (!this.invitation) return;
    this.state = 'over';
    this.phone.respond(this.invitation, status, 'Declined', [`To: ${this.#from}`, ...lines]);
  }

  async cancel(): Promise<void> {
    const lines = this.#lines('CANCEL', this.#inviteCseq);
    await this.phone.request('CANCEL', this.#uri, lines, '', undefined, this.#branch);
  }

  /** A new offer; resolves with the status of its answer. */
  async reinvite(sdp: string): Promise<number> {
    this.#branch = `z9hG4bK${token()}`;
    this.#inviteCseq = this.#cseq;
    const lines = [...this.#lines('INVITE', this.#cseq++), `Contact: ${this.phone.contact}`];
    const response = await this.phone.request('INVITE', this.#uri, lines, sdp, undefined, this.#branch);
    await this.#answeredBy(response);
    return statusOf(response);
  }

  async send(method: string, lines: string[] = [], body = ''): Promise<number> {
    return statusOf(await this.phone.request(method, this.#uri, [...this.#lines(method, this.#cseq++), ...lines], body));
  }

  async bye(): Promise<number> {
    this.state = 'over';
    this.phone.media.hush();
    return this.send('BYE');
  }

  refer(to: string): Promise<number> {
    return this.send('REFER', [`Refer-To: ${to}`, `Contact: ${this.phone.contact}`]);
  }

  acknowledgeAgain(): void {
    if (this.#lastAck) this.phone.send(this.#lastAck);
  }

  handle(method: string, request: SipText): void {
    const own = [`To: ${header(request, 'To')?.includes('tag=') ? header(request, 'To') : this.#from}`];
    switch (method) {
      case 'ACK':
        this.acknowledged = true;
        return;
      case 'CANCEL':
        this.phone.respond(request, 200, 'OK', own);
        if (this.state === 'ringing' && this.invitation) {
          this.phone.respond(this.invitation, 487, 'Cancelled', own);
          this.state = 'over';
          this.status = 487;
        }
        return;
      case 'BYE':
        this.state = 'over';
        this.byeHeaders = request;
        this.phone.media.hush();
        return this.phone.respond(request, 200, 'OK', own);
      case 'INVITE':
        if (this.onReinvite) return this.onReinvite(request);
        this.remoteSdp = request.body || this.remoteSdp;
        this.phone.respond(request, 200, 'OK', [...own, `Contact: ${this.phone.contact}`], this.phone.sdp());
        return this.#talk();
      case 'NOTIFY':
        this.notified.push(request.body);
        return this.phone.respond(request, 200, 'OK', own);
      case 'OPTIONS':
        return this.phone.respond(request, this.optionsStatus, 'Said So', own);
      default:
        return this.phone.respond(request, 200, 'OK', own);
    }
  }

  #talk(): void {
    const port = Number(/^m=audio (\d+)/m.exec(this.remoteSdp)?.[1] ?? 0);
    if (port > 0) this.phone.media.talk({ address: '127.0.0.1', port });
  }

  #ack(branch: string, body: string): void {
    const type = body ? ['Content-Type: application/sdp'] : [];
    this.#lastAck = [
      `ACK ${this.#uri} SIP/2.0`,
      `Via: SIP/2.0/UDP ${this.phone.address};branch=${branch};rport`,
      'Max-Forwards: 70',
      ...this.#lines('ACK', this.#inviteCseq),
      ...type,
      `Content-Length: ${Buffer.byteLength(body)}`,
      '',
      body,
    ].join('\r\n');
    this.phone.send(this.#lastAck);
  }

  #lines(method: string, cseq: number): string[] {
    return [`From: ${this.#from}`, `To: ${this.#to}`, `Call-ID: ${this.callId}`, `CSeq: ${cseq} ${method}`];
  }
}
