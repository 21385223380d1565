/** Links to media processes as `Media` asks for them: the client of `sip/rtp`. `application` names this process: legs that another one opened are not ours. */
import type { Logger } from '../../src/base/log.ts';
import { RtpClient } from '../rtp/client.ts';
import type { MediaOptions } from './media.ts';

export function mediaLinks(options: {
  readonly secret: string;
  readonly application: string;
  readonly log: Logger;
}): MediaOptions['connect'] {
  return ({ host, port }, told) =>
    new RtpClient({
      host,
      port,
      ...options,
      onEvent: told.event,
      onState: (isUp) => (isUp ? told.up() : told.down()),
      onRefused: told.refused,
    });
}
