/**
 * What mediasoup does at most: rooms without conversations, rights, checks or records. Speaks the same commands as ours over its process channel, so that the same peers
 * come. A process of the video benchmark, with one worker.
 */
import { createWorker } from 'mediasoup';
import type { Consumer, Producer, Router, RtpCapabilities, RtpParameters, WebRtcTransport } from 'mediasoup/types';
import { MEDIA_CODECS } from '../../sfu/codecs.ts';
import type { VideoCommand } from '../../src/protocol/video.ts';
import type { BareAnswer, BareOrder } from '../videoOrders.ts';

interface BarePeer {
  readonly send: WebRtcTransport;
  readonly receive: WebRtcTransport;
  readonly producers: Producer[];
  readonly consumers: Map<string, Consumer>;
}

interface BareRoom {
  readonly router: Router;
  readonly peers: Map<string, BarePeer>;
}

const worker = await createWorker({ workerBin: process.env['MEDIASOUP_WORKER_BIN'] ?? '' });
const webRtcServer = await worker.createWebRtcServer({
  listenInfos: [
    { protocol: 'udp', ip: '127.0.0.1', port: 0 },
    { protocol: 'tcp', ip: '127.0.0.1', port: 0 },
  ],
});
const rooms = new Map<string, Promise<BareRoom>>();

process.on('message', ({ id, room, command }: BareOrder) => {
  carryOut(room, command).then(
    (body) => process.send?.({ id, body } satisfies BareAnswer),
    (error: Error) => process.send?.({ id, error: error.message } satisfies BareAnswer),
  );
});
process.once('disconnect', () => process.exit(0));
process.send?.({ id: 0, body: 'ready' } satisfies BareAnswer);

async function carryOut(name: string, command: VideoCommand): Promise<unknown> {
  const opening = rooms.get(name) ?? worker.createRouter({ mediaCodecs: MEDIA_CODECS }).then((router) => ({ router, peers: new Map() }));
  rooms.set(name, opening);
  const { router, peers } = await opening;
  if (command.do === 'join') return join(name, router, peers, command.peer);
  const peer = 'peer' in command ? peers.get(command.peer) : undefined;
  if (!peer) throw new Error('no such peer');
  switch (command.do) {
    case 'connect': {
      const transport = command.transport === peer.send.id ? peer.send : peer.receive;
      await transport.connect({ dtlsParameters: command.dtlsParameters as never });
      return {};
    }
    case 'produce': {
      const kind = command.source === 'microphone' ? 'audio' : 'video';
      const producer = await peer.send.produce({ kind, rtpParameters: command.rtpParameters as unknown as RtpParameters });
      peer.producers.push(producer);
      return { producer: producer.id };
    }
    case 'consume':
      return { consumers: await consume(peers, peer, command.producers, command.rtpCapabilities as RtpCapabilities) };
    case 'watch':
      await Promise.all(command.consumers.map(({ id }) => peer.consumers.get(id)?.resume()));
      return {};
    default:
      throw new Error(`${command.do} is not measured`);
  }
}

async function join(name: string, router: Router, peers: Map<string, BarePeer>, id: string) {
  const [send, receive] = await Promise.all([
    router.createWebRtcTransport({ webRtcServer }),
    router.createWebRtcTransport({ webRtcServer }),
  ]);
  peers.set(id, { send, receive, producers: [], consumers: new Map() });
  const shown = ({ id: transport, iceParameters, iceCandidates, dtlsParameters }: WebRtcTransport) => ({
    id: transport,
    iceParameters,
    iceCandidates,
    dtlsParameters,
  });
  const room = {
    interaction: name,
    kind: 'video',
    state: 'open',
    startedBy: { role: 'agent', name: '' },
    peers: [],
    startedAt: 0,
    epoch: '',
    version: 0,
  };
  const elements = { camera: 'on', microphone: 'on', screen: 'on' };
  return {
    room,
    rtpCapabilities: router.rtpCapabilities,
    send: shown(send),
    receive: shown(receive),
    iceServers: [],
    elements,
    consumers: [],
  };
}

function consume(peers: Map<string, BarePeer>, peer: BarePeer, wanted: readonly string[], rtpCapabilities: RtpCapabilities) {
  return Promise.all(
    wanted.map(async (producerId) => {
      const consumer = await peer.receive.consume({ producerId, rtpCapabilities, paused: true });
      peer.consumers.set(consumer.id, consumer);
      const from = [...peers].find(([, { producers }]) => producers.some(({ id }) => id === producerId))?.[0] ?? '';
      const { id, kind, rtpParameters } = consumer;
      return { id, producer: producerId, peer: from, source: 'microphone', kind, rtpParameters, isProducerPaused: false };
    }),
  );
}
