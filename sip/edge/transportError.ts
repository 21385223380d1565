/** What goes wrong below the messages, told apart where it is born. */
type TransportErrorCode =
  /** Nobody listens there, or it cannot be reached. */
  | 'refused'
  | 'timeout'
  /** The name has no address. */
  | 'dns'
  /** The flow is closed, or unknown. */
  | 'gone'
  /** No socket of that protocol or address family. */
  | 'unsupported'
  /** The far end does not take what was sent before, or it is more than a datagram holds. */
  | 'full';

export class TransportError extends Error {
  override name = 'TransportError';
  readonly code: TransportErrorCode;

  constructor(code: TransportErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
