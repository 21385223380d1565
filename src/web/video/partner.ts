/** Whom one talks to, as the conversation names them: so that a person has one name and one colour in the chat and in the call. */
import type { RoomPeer } from '../socket/wire.ts';
import type { VideoTexts } from './texts.ts';

export interface Partner {
  /** Empty: not known yet. */
  readonly name: string;
  /** Of the contact, or of the agent. */
  readonly id: string;
}

/** A room knows no name of a visitor who gave none; the desk has one for them. */
export const nameOf = (peer: RoomPeer, partner: Partner, { t }: VideoTexts): string => peer.name || partner.name || t('peer.visitor');
export const faceIdOf = (peer: RoomPeer, partner: Partner): string => peer.userId ?? partner.id;
