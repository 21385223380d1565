/** A media process as `Media` asks it: the client of `sip/rtp`, with its errors in our words. */
import { AppError } from '../../src/base/errors.ts';
import type { Logger } from '../../src/base/log.ts';
import { RtpClient, RtpError } from '../rtp/client.ts';
import type { MediaOptions } from './media.ts';

/** `application` names this process: legs that another one opened are not ours. */
export function mediaLinks(options: { readonly secret: string; readonly application: string; readonly log: Logger }): MediaOptions['connect'] {
  return ({ host, port }, told) => {
    const onState = (isUp: boolean): void => (isUp ? told.up() : told.down());
    const client = new RtpClient({ host, port, ...options, onEvent: told.event, onState });
    return {
      get isUp() {
        return client.isUp;
      },
      async ask(command) {
        try {
          return await client.command(command);
        } catch (cause) {
          const code = cause instanceof RtpError && cause.code === 'unknown_leg' ? 'not_found' : 'unavailable';
          throw new AppError(code, { detail: 'The phone media refused a command.', cause });
        }
      },
      close: () => client.close(),
    };
  };
}
