/**
 * One transport of a peer without a browser: werift's ICE and DTLS against the SFU's, RTP in and out. Made by `WebRtcPeer`, ended by `close`.
 * ICE over UDP or over TCP alone; the remote side is ICE lite. We are the DTLS server, so that no pause of werift's own stands in the handshake.
 */
import {
  IceCandidate,
  RTCDtlsFingerprint,
  RTCDtlsParameters,
  RTCDtlsTransport,
  RTCIceGatherer,
  RTCIceParameters,
  RTCIceTransport,
  type RtcpPacket,
  type RtpHeader,
  type RtpPacket,
} from 'werift';

export type Way = 'udp' | 'tcp';

export interface RemoteTransport {
  readonly id: string;
  readonly iceParameters: { readonly usernameFragment: string; readonly password: string };
  readonly iceCandidates: readonly {
    foundation: string;
    priority: number;
    address: string;
    port: number;
    protocol: string;
    type: string;
  }[];
  readonly dtlsParameters: { readonly fingerprints: readonly { algorithm: string; value: string }[] };
}

/** AES128-CM-HMAC-SHA1-80 and AEAD-AES128-GCM. */
const SRTP_PROFILES = [1, 7] as const;

export class WebRtcTransport {
  readonly id: string;
  readonly #ice: RTCIceTransport;
  readonly #dtls: RTCDtlsTransport;
  readonly #remote: RemoteTransport;
  readonly #way: Way;

  private constructor(remote: RemoteTransport, way: Way, ice: RTCIceTransport, dtls: RTCDtlsTransport) {
    this.id = remote.id;
    this.#remote = remote;
    this.#way = way;
    this.#ice = ice;
    this.#dtls = dtls;
  }

  static async create(remote: RemoteTransport, way: Way): Promise<WebRtcTransport> {
    const gatherer = new RTCIceGatherer({
      useIpv6: false,
      useTcp: way === 'tcp',
      tcpPassive: false,
      additionalHostAddresses: ['127.0.0.1'],
    });
    const ice = new RTCIceTransport(gatherer);
    // Else it would ask a public server, and wait 5 s for it where there is no network.
    delete ice.connection.stunServer;
    const certificate = await RTCDtlsTransport.SetupCertificate();
    const dtls = new RTCDtlsTransport({}, ice, certificate, [...SRTP_PROFILES]);
    dtls.role = 'server';
    await ice.gather();
    return new WebRtcTransport(remote, way, ice, dtls);
  }

  /** What the SFU is told of this end. */
  get dtlsParameters(): { role: 'server'; fingerprints: { algorithm: string; value: string }[] } {
    const fingerprints = this.#dtls.localParameters.fingerprints.map(({ algorithm, value }) => ({ algorithm, value }));
    return { role: 'server', fingerprints };
  }

  get isConnected(): boolean {
    return this.#dtls.state === 'connected';
  }

  get iceState(): string {
    return this.#ice.state;
  }

  /** Candidate pair that won, `udp` or `tcp`. */
  get protocol(): string | undefined {
    return this.#ice.getSelectedCandidatePair()?.remote.candidate.split(' ')[2]?.toLowerCase();
  }

  /** Resolves when media can pass. */
  async start(): Promise<void> {
    this.#ice.connection.iceControlling = true;
    await this.#setRemote(this.#remote.iceParameters);
    this.#dtls.setRemoteParams(
      new RTCDtlsParameters(
        this.#remote.dtlsParameters.fingerprints.map(({ algorithm, value }) => new RTCDtlsFingerprint(algorithm, value)),
        'client',
      ),
    );
    const secured = this.#dtls.start();
    await this.#ice.start();
    await secured;
  }

  /** VID-7: with the parameters that the SFU answered to `restartIce`. */
  async restart(iceParameters: RemoteTransport['iceParameters']): Promise<void> {
    this.#ice.restart();
    await this.#ice.gather();
    await this.#setRemote(iceParameters);
    await this.#ice.start();
  }

  onRtp(listener: (packet: RtpPacket) => void): void {
    this.#dtls.onRtp.subscribe(listener);
  }

  onRtcp(listener: (packet: RtcpPacket) => void): void {
    this.#dtls.onRtcp.subscribe(listener);
  }

  sendRtp(payload: Buffer, header: RtpHeader): void {
    if (this.isConnected) void this.#dtls.sendRtp(payload, header);
  }

  sendRtcp(packet: RtcpPacket): void {
    if (this.isConnected) void this.#dtls.sendRtcp([packet]);
  }

  /** Vanishes as a lost network does: nothing is said. */
  async close(): Promise<void> {
    await this.#ice.stop();
  }

  async #setRemote({ usernameFragment, password }: RemoteTransport['iceParameters']): Promise<void> {
    this.#ice.setRemoteParams(new RTCIceParameters({ iceLite: true, usernameFragment, password }));
    for (const { foundation, priority, address, port, protocol, type } of this.#remote.iceCandidates) {
      if (protocol !== this.#way) continue;
      const candidate = new IceCandidate(1, foundation, address, port, priority, protocol, type);
      if (protocol === 'tcp') candidate.tcpType = 'passive';
      await this.#ice.addRemoteCandidate(candidate);
    }
    await this.#ice.addRemoteCandidate(undefined);
  }
}
