/** One call of a `SipPhone`, placed or taken: holds, transfers, sends INFO, cancels and hangs up. Created by the phone, which hands it what comes in its dialog. */
import type { SipPhone } from './sipPhone.ts';
import { header, type SipText, statusOf, token } from './sipText.ts';

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
      (early) => {
        this.progress.push(statusOf(early));
        if (early.body === '') return;
        this.remoteSdp = early.body;
        this.#talk();
      },
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
  /** Sends and is sent media before it answers (RFC 3960): a ring tone of its own, or an announcement. */
  announce(): void {
    if (!this.invitation) return;
    const lines = [`To: ${this.#from}`, `Contact: ${this.phone.contact}`];
    this.phone.respond(this.invitation, 183, 'Session Progress', lines, this.phone.sdp());
    this.#talk();
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
