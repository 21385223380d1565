/** A peer's media in the words of the protocol. Pure but for `consumersOf`, which makes what is not there yet. */
import type { MediaPeer, Received } from '../../sfu/mediaPeer.ts';
import type { MediaSource, RoomConsumer, RoomPeer } from '../protocol/video.ts';

export function producersOf(peer: MediaPeer | undefined): RoomPeer['producers'] {
  const sent = [...(peer?.sent.values() ?? [])];
  return sent.map(({ source, producer }) => ({ id: producer.id, source: source as MediaSource, isPaused: producer.paused }));
}

/** Of all that the others send, or of the named. What this peer cannot decode, or is gone, is left out. */
export async function consumersOf(peer: MediaPeer, others: readonly MediaPeer[], named?: ReadonlySet<string>): Promise<RoomConsumer[]> {
  const wanted = others.flatMap((from) =>
    [...from.sent.values()].filter(({ producer }) => !named || named.has(producer.id)).map((sent) => ({ from, sent })),
  );
  const received = await Promise.all(wanted.map(({ from, sent }) => peer.consume(from, sent)));
  return received.filter((each) => each !== undefined).map(shown);
}

function shown({ from, source, consumer }: Received): RoomConsumer {
  const { id, producerId, kind, rtpParameters, producerPaused } = consumer;
  return { id, producer: producerId, peer: from, source: source as MediaSource, kind, rtpParameters, isProducerPaused: producerPaused };
}
