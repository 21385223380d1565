/**
 * What the edge says to an application, as meta lines of drachtio's wire protocol (WIRE §2, §3, §5, §6). Ids of messages are made here.
 */
import { randomUUID } from 'node:crypto';
import type { SipMessage } from './message.ts';
import { writeMessage } from './messageWrite.ts';
import type { Address, Protocol } from './types.ts';
import { frame } from './wireFrame.ts';

/** Of a SIP message that an application is told of: where it came from or went to. */
export interface Passage {
  /** `unknown` when no way was found; empty where drachtio-server has it empty. */
  readonly protocol: Protocol | 'unknown' | '';
  readonly address: string;
  readonly port: number;
  /** Bytes on the wire; 0 for what the edge made by itself. */
  readonly size: number;
  /** ms. */
  readonly at: number;
}

/** What a new message's meta line ends with: on which of our addresses it came. */
type Local = Pick<Address, 'host' | 'port'>;

/** `HH:MM:SS.uuuuuu` in UTC. */
export function wireTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(11, 23)}000`;
}

const passageFields = ({ size, protocol, address, port, at }: Passage): string => `${size}|${protocol}|${address}|${port}|${wireTime(at)}`;

/** A message of the network, or one the edge sent by itself (`application`): WIRE §3. */
export function sipFrame(
  source: 'network' | 'application',
  passage: Passage,
  ids: { readonly transactionId: string; readonly dialogId: string; readonly local?: Local },
  message: SipMessage,
): Buffer {
  const local = ids.local ? `${ids.local.host}|${ids.local.port}|` : '';
  return frame(
    `${randomUUID()}|sip|${source}|${passageFields(passage)}|${ids.transactionId}|${ids.dialogId}|${local}`,
    writeMessage(message),
  );
}

export function okFrame(commandId: string, ...more: readonly string[]): Buffer {
  return frame([randomUUID(), 'response', commandId, 'OK', ...more].join('|'));
}

/** Refused; the connection stands. */
export function refusedFrame(commandId: string, reason: string): Buffer {
  return frame(`${randomUUID()}|response|${commandId}|NOK|${reason.replaceAll(/[|\r\n]/g, ' ')}`);
}

/** Refused so that the connection is closed. */
export function closedFrame(commandId: string, reason: string): Buffer {
  return frame(`${randomUUID()}|response|${commandId}|NO|${reason.replaceAll(/[|\r\n]/g, ' ')}`);
}

/** An application's request as it went out: WIRE §5. */
export function requestSentFrame(commandId: string, passage: Passage, transactionId: string, message: SipMessage): Buffer {
  return frame(
    `${randomUUID()}|response|${commandId}|OK|application|${passageFields(passage)}|${transactionId}|Msg sent:|`,
    writeMessage(message),
  );
}

/** An application's response as it went out: WIRE §5. */
export function responseSentFrame(
  commandId: string,
  passage: Passage,
  transactionId: string,
  dialogId: string,
  message: SipMessage,
): Buffer {
  return frame(
    `${randomUUID()}|response|${commandId}|OK|application|${passageFields(passage)}|${transactionId}|${dialogId}||Msg sent:|`,
    writeMessage(message),
  );
}

/** A response on the way of a proxied request: WIRE §6. `continue` keeps the command open at the application. */
export function proxiedFrame(commandId: string, passage: Passage, message: SipMessage): Buffer {
  return frame(`${randomUUID()}|response|${commandId}|OK|network|${passageFields(passage)}|||continue`, writeMessage(message));
}

export type CdrEvent = 'attempt' | 'start' | 'stop';

/** WIRE §6; `detail`: the role of a start, the reason of a stop. */
export function cdrFrame(event: CdrEvent, source: 'network' | 'application', at: number, detail: string, message: SipMessage): Buffer {
  const more = detail === '' ? '' : `|${detail}`;
  return frame(`${randomUUID()}|cdr:${event}|${source}|${wireTime(at)}${more}`, writeMessage(message));
}
