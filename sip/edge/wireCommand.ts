/**
 * What an application may say (WIRE §2, §4, §6), parsed and checked: one payload becomes one command or the text of its refusal.
 * Nothing here knows of calls.
 */
interface Addressed {
  /** Id of the command, repeated in its response. */
  readonly id: string;
}

export interface SipCommand extends Addressed {
  readonly verb: 'sip';
  readonly transactionId: string;
  readonly dialogId: string;
  /** Next hop instead of what the message says. */
  readonly route: string;
  /** The SIP text as sent, start line first. */
  readonly text: string;
}

export interface ProxyCommand extends Addressed {
  readonly verb: 'proxy';
  readonly transactionId: string;
  readonly staysInDialog: boolean;
  readonly followsRedirects: boolean;
  readonly isSimultaneous: boolean;
  /** ms; undefined: none. */
  readonly provisionalMs: number | undefined;
  readonly finalMs: number | undefined;
  readonly targets: readonly string[];
  /** Start line and the headers to add. */
  readonly text: string;
}

export type WireCommand =
  | (Addressed & { readonly verb: 'authenticate'; readonly secret: string; readonly tags: readonly string[] })
  | (Addressed & { readonly verb: 'route' | 'remove_route'; readonly method: string })
  | (Addressed & { readonly verb: 'ping' })
  | SipCommand
  | ProxyCommand;

/** A command that cannot be carried out, with the reason that goes into its response; `id` as far as it was readable. */
export interface WireRefusal {
  readonly verb: 'refused';
  readonly id: string;
  readonly reason: string;
}

const ID = /^[A-Za-z0-9-]{1,64}$/;
const TAG = /^[a-zA-Z0-9-_+@:]{1,32}$/;
const METHOD = /^(?:[a-z]{2,20}|cdr:(?:attempt|start|stop))$/;
const MAX_TAGS = 20;
const MAX_TARGETS = 20;
/** Ids of ours are 36 characters; a dialog id holds the Call-ID of a stranger. */
const MAX_DIALOG_ID = 512;
const MAX_ROUTE = 512;

export function parseCommand(payload: Buffer): WireCommand | WireRefusal {
  const text = payload.toString('utf8');
  const end = text.indexOf('\r');
  const fields = (end < 0 ? text : text.slice(0, end)).split('|');
  const sip = end < 0 ? '' : text.slice(text.startsWith('\n', end + 1) ? end + 2 : end + 1);
  const id = fields[0] ?? '';
  const refuse = (reason: string): WireRefusal => ({ verb: 'refused', id: ID.test(id) ? id : '', reason });
  if (!ID.test(id)) return refuse('invalid message id');
  const verb = fields[1];
  switch (verb) {
    case 'authenticate': {
      const tags = (fields[3] ?? '').split(',').filter(Boolean);
      if (tags.length > MAX_TAGS || !tags.every((tag) => TAG.test(tag))) return refuse('invalid tags');
      return { verb, id, secret: fields[2] ?? '', tags };
    }
    case 'route':
    case 'remove_route': {
      const method = (fields[2] ?? '').toLowerCase();
      return METHOD.test(method) ? { verb, id, method } : refuse('invalid method');
    }
    case 'ping':
      return { verb, id };
    case 'sip': {
      const [transactionId = '', dialogId = '', route = ''] = fields.slice(2);
      if (transactionId !== '' && !ID.test(transactionId)) return refuse('invalid transaction id');
      if (dialogId.length > MAX_DIALOG_ID) return refuse('invalid dialog id');
      if (route.length > MAX_ROUTE) return refuse('invalid route');
      if (sip === '') return refuse('missing sip message');
      return { verb, id, transactionId, dialogId, route, text: sip };
    }
    case 'proxy':
      return parseProxy(id, fields, sip) ?? refuse('invalid proxy request');
    default:
      return refuse('unknown command');
  }
}

function parseProxy(id: string, fields: readonly string[], text: string): ProxyCommand | undefined {
  const [transactionId = '', stay = '', , follow = '', order = '', provisional = '', final = '', ...targets] = fields.slice(2);
  const isWellFormed =
    ID.test(transactionId) &&
    (order === 'serial' || order === 'simultaneous') &&
    targets.length > 0 &&
    targets.length <= MAX_TARGETS &&
    targets.every((target) => target.length > 0 && target.length <= MAX_ROUTE);
  const provisionalMs = parseDuration(provisional);
  const finalMs = parseDuration(final);
  if (!isWellFormed || provisionalMs === null || finalMs === null) return undefined;
  return {
    verb: 'proxy',
    id,
    transactionId,
    staysInDialog: stay === 'remainInDialog',
    followsRedirects: follow === 'followRedirects',
    isSimultaneous: order === 'simultaneous',
    provisionalMs,
    finalMs,
    targets,
    text,
  };
}

/** `1500ms`, `2s`, or a number of ms as drachtio-srf's documentation has it. null: none of these. */
function parseDuration(text: string): number | undefined | null {
  if (text === '') return undefined;
  const match = /^(\d{1,7})(ms|s)?$/.exec(text);
  if (!match) return null;
  const ms = Number(match[1]) * (match[2] === 's' ? 1_000 : 1);
  return ms > 0 && ms <= 3_600_000 ? ms : null;
}
