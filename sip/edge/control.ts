/**
 * Connections that speak the control protocol (`protocol.ts`). Created by `createEdge`; a connection that does not say `hello` with the secret first is closed.
 */
import type { Socket } from 'node:net';
import { z } from 'zod';
import type { Logger } from '../../src/base/log.ts';
import type { Application } from './application.ts';
import type { Core } from './core.ts';
import type { Dialog } from './dialog.ts';
import type { DialogLife } from './dialogLife.ts';
import type { SipMessage } from './message.ts';
import { writeMessage } from './messageWrite.ts';
import { type AdoptedDialog, type DialogInfo, type EdgeAnswer, edgeCommand } from './protocol.ts';
import type { Recovery } from './recovery.ts';
import { isSameSecret } from './secret.ts';

const MAX_LINE_BYTES = 6_000_000;
const HELLO_WITHIN_MS = 5_000;
const numbered = z.object({ seq: z.number().int() });

export interface ControlOptions {
  readonly secret: string;
  readonly life: DialogLife;
  readonly recovery: Recovery;
  readonly stats: () => Readonly<Record<string, number>>;
  readonly log: Logger;
}

type Answer = EdgeAnswer extends infer One ? (One extends EdgeAnswer ? Omit<One, 'seq'> : never) : never;

export class Control {
  readonly #core: Core;
  readonly #options: ControlOptions;

  constructor(core: Core, options: ControlOptions) {
    this.#core = core;
    this.#options = options;
  }

  /** Takes a connection over; `first`: what it has sent already. */
  welcome(socket: Socket, first: Buffer): void {
    const { clock } = this.#core;
    let rest = '';
    /** The tag it goes by, once it has said the secret. */
    let application: string | undefined;
    const timer = clock.setTimeout(() => socket.destroy(), HELLO_WITHIN_MS);
    socket.on('close', () => clock.clearTimeout(timer));
    const read = (text: string): void => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const { seq, answer, hello } = this.#obey(line, application);
        if (hello !== undefined) {
          application = hello;
          clock.clearTimeout(timer);
        }
        socket.write(`${JSON.stringify({ seq, ...answer })}\n`);
        if (!answer.ok && application === undefined) return void socket.end();
      }
      if (rest.length > MAX_LINE_BYTES) socket.destroy();
    };
    socket.setEncoding('utf8');
    socket.on('data', (chunk) => read(String(chunk)));
    read(first.toString('utf8'));
  }

  #obey(line: string, application: string | undefined): { seq: number; answer: Answer; hello?: string } {
    let given: unknown;
    try {
      given = JSON.parse(line);
    } catch {
      return { seq: 0, answer: refused('bad_request', 'not JSON') };
    }
    const seq = numbered.safeParse(given).data?.seq;
    const parsed = edgeCommand.safeParse(given);
    if (seq === undefined || !parsed.success) return { seq: seq ?? 0, answer: refused('bad_request', 'unknown command or wrong fields') };
    const command = parsed.data;
    if (command.do === 'hello') {
      if (!isSameSecret(command.secret, this.#options.secret)) return { seq, answer: refused('unauthenticated', 'wrong secret') };
      return { seq, answer: { ok: true }, hello: command.application };
    }
    if (application === undefined) return { seq, answer: refused('unauthenticated', 'say hello first') };
    switch (command.do) {
      case 'list':
        return { seq, answer: { ok: true, dialogs: [...this.#core.dialogs.all()].map(info) } };
      case 'adopt':
        return { seq, answer: this.#adopt(command.dialogs, application) };
      case 'kill': {
        const dialog = this.#core.dialogs.ofWireId(command.dialog);
        if (dialog) this.#options.life.hangUp(dialog, 'normal-release');
        return { seq, answer: dialog ? { ok: true } : refused('unknown_dialog', 'it is over, or never was') };
      }
      case 'stats':
        return { seq, answer: { ok: true, stats: { ...this.#options.stats() } } };
    }
  }

  #adopt(ids: readonly string[], tag: string): Answer {
    const application: Application | undefined = this.#core.applications.tagged(tag);
    if (!application) return refused('no_application', 'connect by the wire protocol with this tag first');
    const adopted = this.#options.recovery.adopt(ids, application);
    this.#options.log.info({ application: application.id, dialogs: adopted.length }, 'edge.adopted');
    return { ok: true, adopted: adopted.map(adoptedInfo) };
  }
}

function refused(code: string, detail: string): Answer {
  return { ok: false, code, detail };
}

function info(dialog: Dialog): DialogInfo {
  const { id, role, usage, state, callId, localTag, remoteTag, remoteTarget, since, owner, response } = dialog;
  const from = response.headers.get('from') ?? '';
  const to = response.headers.get('to') ?? '';
  const owned = owner?.tags ?? [];
  return {
    id,
    role,
    usage,
    state,
    callId,
    localTag,
    remoteTag,
    from,
    to,
    remoteTarget,
    since,
    owner: [...owned],
    isOrphan: owner === undefined,
  };
}

function adoptedInfo(dialog: Dialog): AdoptedDialog {
  const { flow, request, response, role, localSdp, remoteSdp } = dialog;
  const [requestBody, responseBody] = role === 'uas' ? [remoteSdp, localSdp] : [localSdp, remoteSdp];
  const { host, port } = flow.remote;
  return {
    ...info(dialog),
    request: text(request, requestBody),
    response: text(response, responseBody),
    protocol: flow.protocol,
    address: host,
    port,
  };
}

function text(message: SipMessage, body: Buffer): string {
  const headers = message.headers.clone();
  if (body.length > 0) headers.set('Content-Type', headers.get('content-type') ?? 'application/sdp');
  // An application makes an object of it that needs a Contact, although an odd phone sent none.
  if (!headers.get('contact')) headers.set('Contact', '<sip:unknown@localhost>');
  return writeMessage({ ...message, headers, body }).toString('utf8');
}
