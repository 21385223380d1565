/**
 * JsSIP as npm has it, under Node: a phone not written here, over WebSocket (RFC 7118). Its signalling is its own from the first byte; where a browser would have WebRTC stands
 * a connection of plain RTP (RFC 3551), whose packets an `RtpPhone` sends and hears. It is driven by the calls that pages make: call, answer, hold, refer, sendDTMF.
 */
import JsSIP from 'jssip';
import { until } from '../support/services.ts';
import { RtpPhone } from './rtpPhone.ts';

type Ua = InstanceType<typeof JsSIP.UA>;
type Session = ReturnType<Ua['call']>;

export interface JsSipOptions {
  readonly wsPort: number;
  readonly user: string;
  /** Absent: it does not register. */
  readonly password?: string;
  /** Hz; what each of its calls says. */
  readonly tone: number;
}

export class JsSipPhone {
  readonly user: string;
  /** Oldest first; those that ring here too. */
  readonly calls: JsSipCall[] = [];
  readonly #ua: Ua;
  readonly #tone: number;
  readonly #wsPort: number;
  readonly #opening: Promise<unknown>[] = [];

  private constructor(ua: Ua, { user, tone, wsPort }: JsSipOptions) {
    this.#ua = ua;
    this.user = user;
    this.#tone = tone;
    this.#wsPort = wsPort;
    ua.on('newRTCSession', ({ session, originator }: { session: Session; originator: string }) => {
      if (originator === 'remote') this.#opening.push(this.#open(session));
    });
  }

  /** Connected, and registered when it has a password. */
  static async start(options: JsSipOptions): Promise<JsSipPhone> {
    Object.assign(globalThis, { window: globalThis, RTCPeerConnection: PlainConnection, RTCSessionDescription: Description });
    const { user, wsPort, password } = options;
    const ua = new JsSIP.UA({
      sockets: [new JsSIP.WebSocketInterface(`ws://127.0.0.1:${wsPort}`)],
      uri: `sip:${user}@127.0.0.1`,
      register: password !== undefined,
      ...(password === undefined ? {} : { password }),
    });
    const phone = new JsSipPhone(ua, options);
    ua.start();
    await until(() => (password === undefined ? ua.isConnected() : ua.isRegistered()), { what: 'JsSIP at the edge', timeoutMs: 15_000 });
    return phone;
  }

  async call(dialled: string): Promise<JsSipCall> {
    const media = await RtpPhone.open({ tone: this.#tone });
    const session = this.#ua.call(`sip:${dialled}@127.0.0.1:${this.#wsPort}`, mediaOptions(media));
    const call = new JsSipCall(session, media);
    this.calls.push(call);
    return call;
  }

  /** Hangs up, unregisters and is gone. */
  async close(): Promise<void> {
    this.#ua.stop();
    await until(() => !this.#ua.isConnected(), { what: 'JsSIP gone' });
    await Promise.all(this.#opening);
    for (const { media } of this.calls) media.close();
  }

  async #open(session: Session): Promise<void> {
    const media = await RtpPhone.open({ tone: this.#tone });
    this.calls.push(new JsSipCall(session, media));
  }
}

export class JsSipCall {
  readonly media: RtpPhone;
  readonly session: Session;
  /** Its events that matter here, oldest first: progress, confirmed, hold, unhold, ended:…, failed:… */
  readonly events: string[] = [];
  /** What came of a REFER of its own: requestSucceeded, requestFailed, trying, accepted, failed. */
  readonly referred: string[] = [];

  constructor(session: Session, media: RtpPhone) {
    this.session = session;
    this.media = media;
    for (const event of ['progress', 'confirmed', 'hold', 'unhold'] as const) session.on(event, () => void this.events.push(event));
    session.on('ended', ({ cause }) => void this.events.push(`ended:${cause}`));
    session.on('failed', ({ cause }) => void this.events.push(`failed:${cause}`));
  }

  answer(): void {
    this.session.answer(mediaOptions(this.media));
  }

  /** Resolves when the other side agreed. */
  hold(): Promise<void> {
    return new Promise((resolve) => void this.session.hold({}, resolve));
  }

  unhold(): Promise<void> {
    return new Promise((resolve) => void this.session.unhold({}, resolve));
  }

  refer(target: string, replaces?: JsSipCall): void {
    const told = (event: string) => () => void this.referred.push(event);
    const eventHandlers = Object.fromEntries(
      ['requestSucceeded', 'requestFailed', 'trying', 'accepted', 'failed'].map((event) => [event, told(event)]),
    );
    this.session.refer(target, { eventHandlers, ...(replaces ? { replaces: replaces.session } : {}) });
  }

  /** As RFC 4733 events in its media. */
  press(keys: string): void {
    this.session.sendDTMF(keys, { transportType: 'RFC2833' as never });
  }

  hangUp(): void {
    this.session.terminate();
  }
}

/** Its one track, which JsSIP mutes on hold. */
class Track {
  readonly kind = 'audio';
  enabled = true;
}

function mediaOptions(media: RtpPhone): never {
  const track = new Track();
  const mediaStream = { getTracks: () => [track], getAudioTracks: () => [track], getVideoTracks: () => [] };
  // What a page says of its ICE servers is what its connections are made with: the way to tell each its socket.
  return { mediaStream, pcConfig: { media } } as never;
}

class Description {
  readonly type: string;
  readonly sdp: string;
  constructor({ type, sdp }: { type: string; sdp: string }) {
    this.type = type;
    this.sdp = sdp;
  }
}

/** Of RTCPeerConnection what JsSIP uses, over plain RTP. */
class PlainConnection extends EventTarget {
  readonly iceConnectionState = 'connected';
  readonly iceGatheringState = 'complete';
  readonly signalingState = 'stable';
  localDescription: Description | null = null;
  readonly #media: RtpPhone;
  readonly #senders: { readonly track: Track; readonly dtmf: { toneBuffer: string; insertDTMF(tones: string): void } }[] = [];
  #version = 0;

  constructor({ media }: { media: RtpPhone }) {
    super();
    this.#media = media;
  }

  addTrack(track: Track): void {
    const dtmf = {
      toneBuffer: '',
      insertDTMF: (tones: string) => {
        for (const tone of tones) this.#media.press(tone);
      },
    };
    this.#senders.push({ track, dtmf });
  }
  getSenders() {
    return this.#senders;
  }
  async createOffer(): Promise<Description> {
    return this.#describe('offer');
  }
  async createAnswer(): Promise<Description> {
    return this.#describe('answer');
  }
  async setLocalDescription(description: Description): Promise<void> {
    this.localDescription = description;
  }
  async setRemoteDescription({ sdp }: Description): Promise<void> {
    const port = Number(/^m=audio (\d+) RTP\/AVP /m.exec(sdp)?.[1] ?? 0);
    if (port === 0) throw new Error('no audio');
    this.#media.talk({ address: '127.0.0.1', port });
  }
  close(): void {
    this.#media.hush();
  }

  #describe(type: string): Description {
    const { law, payloadType, eventPayloadType, port } = this.#media;
    const lines = [
      'v=0',
      `o=jssip 7 ${++this.#version} IN IP4 127.0.0.1`,
      's=-',
      'c=IN IP4 127.0.0.1',
      't=0 0',
      `m=audio ${port} RTP/AVP ${payloadType} ${eventPayloadType}`,
      `a=rtpmap:${payloadType} ${law}/8000`,
      `a=rtpmap:${eventPayloadType} telephone-event/8000`,
      'a=sendrecv',
      '',
    ];
    return new Description({ type, sdp: lines.join('\r\n') });
  }
}
