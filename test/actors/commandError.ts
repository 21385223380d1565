/** A command that the server refused for good, or that was given up. */
export class CommandError extends Error {
  override name = 'CommandError';
  /** One of the error catalog, or `aborted`, `refused` (the connection was closed for good), `timeout`. */
  readonly code: string;
  /** Who was first, for `already_taken`. */
  readonly owner: string | undefined;

  constructor(command: string, code: string, options: { detail?: string | undefined; owner?: string | undefined } = {}) {
    super(`${command}: ${code}${options.detail ? ` (${options.detail})` : ''}`);
    this.code = code;
    this.owner = options.owner;
  }
}
