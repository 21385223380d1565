/**
 * One application on its wire connection. Created by `Applications` for each connection whose first bytes are a frame. Says nothing and does nothing
 * for a stranger but refuse him; reads no command after the one that was answered `NO`. A slow reader is cut off: it could not be told what happened.
 */
import type { Socket } from 'node:net';
import type { Logger } from '../../src/base/log.ts';
import { isSameSecret } from './secret.ts';
import type { Clock } from './types.ts';
import { type ProxyCommand, parseCommand, type SipCommand } from './wireCommand.ts';
import { FrameError, FrameReader } from './wireFrame.ts';
import { closedFrame, okFrame, refusedFrame } from './wireText.ts';

/** Unread bytes of an application above which it is cut off. */
const MAX_UNREAD_BYTES = 64_000_000;
/** A connection that does not authenticate is closed. */
export const AUTHENTICATE_WITHIN_MS = 5_000;

type State =
  | { readonly kind: 'stranger'; readonly timer: unknown }
  | { readonly kind: 'known'; readonly tags: readonly string[] }
  | { readonly kind: 'closed' };

export interface ApplicationOptions {
  readonly id: string;
  readonly socket: Socket;
  readonly secret: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** What the answer to `authenticate` says: advertised and local `protocol/host:port` lists, and the version. */
  readonly greeting: () => { readonly advertised: string; readonly version: string; readonly local: string };
}

export interface ApplicationEvents {
  /** It has told the secret; from now on it is one of the applications. */
  readonly onKnown: (application: Application) => void;
  readonly onSip: (application: Application, command: SipCommand) => void;
  readonly onProxy: (application: Application, command: ProxyCommand) => void;
  /** Once, after which it is told nothing more. */
  readonly onGone: (application: Application) => void;
}

export class Application {
  readonly id: string;
  /** Lower-case names of methods and `cdr:` events it has asked for. */
  readonly routes = new Set<string>();
  readonly #options: ApplicationOptions;
  readonly #events: ApplicationEvents;
  readonly #reader = new FrameReader();
  #state: State;

  constructor(options: ApplicationOptions, events: ApplicationEvents) {
    this.id = options.id;
    this.#options = options;
    this.#events = events;
    const { socket, clock } = options;
    const tooLate = (): void => this.#close('unauthenticated');
    this.#state = { kind: 'stranger', timer: clock.setTimeout(tooLate, AUTHENTICATE_WITHIN_MS) };
    socket.on('close', () => this.#close('closed'));
    socket.on('error', (error) => options.log.debug({ application: this.id, err: error }, 'wire.error'));
  }

  get tags(): readonly string[] {
    return this.#state.kind === 'known' ? this.#state.tags : [];
  }

  get isKnown(): boolean {
    return this.#state.kind === 'known';
  }

  /** Bytes of its connection. */
  read(chunk: Buffer): void {
    try {
      for (const payload of this.#reader.read(chunk)) {
        if (this.#state.kind === 'closed') return;
        this.#obey(payload);
      }
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#options.log.warn({ application: this.id, why: error.message }, 'wire.malformed');
      this.#close(error.message);
    }
  }

  /** Tells it; nothing once it is gone. */
  write(bytes: Buffer): void {
    if (this.#state.kind === 'closed') return;
    const { socket } = this.#options;
    socket.write(bytes);
    if (socket.writableLength > MAX_UNREAD_BYTES) this.#close('reads too slowly');
  }

  close(reason: string): void {
    this.#close(reason);
  }

  #obey(payload: Buffer): void {
    const command = parseCommand(payload);
    if (command.verb === 'refused') return this.#expel(command.id, command.reason);
    if (command.verb === 'authenticate') return this.#authenticate(command.id, command.secret, command.tags);
    if (this.#state.kind !== 'known') return this.#expel(command.id, 'not authenticated');
    switch (command.verb) {
      case 'route':
        this.routes.add(command.method);
        return this.write(okFrame(command.id));
      case 'remove_route':
        this.routes.delete(command.method);
        return this.write(okFrame(command.id));
      case 'ping':
        return this.write(okFrame(command.id, 'pong'));
      case 'sip':
        return this.#events.onSip(this, command);
      case 'proxy':
        return this.#events.onProxy(this, command);
    }
  }

  #authenticate(commandId: string, secret: string, tags: readonly string[]): void {
    if (this.#state.kind !== 'stranger') return this.write(refusedFrame(commandId, 'already authenticated'));
    if (!isSameSecret(secret, this.#options.secret)) return this.#expel(commandId, 'incorrect secret');
    this.#options.clock.clearTimeout(this.#state.timer);
    this.#state = { kind: 'known', tags };
    const { advertised, version, local } = this.#options.greeting();
    this.write(okFrame(commandId, advertised, version, local));
    this.#events.onKnown(this);
  }

  #expel(commandId: string, reason: string): void {
    this.#options.log.warn({ application: this.id, reason }, 'wire.refused');
    if (this.#state.kind !== 'closed') this.#options.socket.end(closedFrame(commandId, reason));
    this.#close(reason);
  }

  #close(reason: string): void {
    const before = this.#state;
    if (before.kind === 'closed') return;
    this.#state = { kind: 'closed' };
    if (before.kind === 'stranger') this.#options.clock.clearTimeout(before.timer);
    const { socket, log } = this.#options;
    if (!socket.writableEnded) socket.destroy();
    log.info({ application: this.id, reason }, 'wire.closed');
    if (before.kind === 'known') this.#events.onGone(this);
  }
}
