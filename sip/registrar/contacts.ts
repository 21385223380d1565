/** What a REGISTER asks for (RFC 3261 10.2, 10.3): who, which contacts, for how long. Pure; refuses what it does not understand. */
import { splitList, unquoted } from '../edge/headerText.ts';
import { parseNameAddr } from '../edge/nameAddr.ts';
import { parseUri } from '../edge/uri.ts';

const MOST_CONTACTS = 5;
const MOST_URI_CHARS = 512;
const MOST_INSTANCE_CHARS = 200;

/** Seconds. */
export interface ExpiryLimits {
  readonly min: number;
  readonly max: number;
  /** When nothing is asked for. */
  readonly usual: number;
}

export interface WantedContact {
  readonly uri: string;
  /** RFC 5626 `+sip.instance` and `reg-id`; without them the contact itself. */
  readonly instance: string;
  /** Seconds as granted; 0: to be removed. */
  readonly expires: number;
}

export type Wanted =
  | { readonly kind: 'query' }
  | { readonly kind: 'removeAll' }
  | { readonly kind: 'contacts'; readonly contacts: readonly WantedContact[] }
  | { readonly kind: 'tooBrief' }
  | { readonly kind: 'malformed'; readonly what: string };

export function readContacts(header: string | undefined, expiresHeader: string | undefined, limits: ExpiryLimits): Wanted {
  if (header === undefined || header === '') return { kind: 'query' };
  const asked = expiresHeader === undefined ? undefined : secondsOf(expiresHeader);
  const values = splitList(header);
  if (values.includes('*')) {
    return values.length === 1 && asked === 0
      ? { kind: 'removeAll' }
      : { kind: 'malformed', what: 'Contact: * needs Expires: 0 and no other' };
  }
  if (values.length === 0 || values.length > MOST_CONTACTS) return { kind: 'malformed', what: `1 to ${MOST_CONTACTS} contacts` };
  const contacts: WantedContact[] = [];
  for (const value of values) {
    const contact = parseNameAddr(value);
    if (!contact || contact.uri.length > MOST_URI_CHARS || !parseUri(contact.uri)) return { kind: 'malformed', what: 'Contact' };
    const own = contact.params.get('expires');
    const wanted = (own === undefined ? asked : secondsOf(own)) ?? limits.usual;
    if (wanted > 0 && wanted < limits.min) return { kind: 'tooBrief' };
    contacts.push({ uri: contact.uri, instance: instanceOf(contact.uri, contact.params), expires: Math.min(wanted, limits.max) });
  }
  return { kind: 'contacts', contacts };
}

function instanceOf(uri: string, params: ReadonlyMap<string, string>): string {
  const instance = unquoted(params.get('+sip.instance') ?? '');
  if (instance === '' || instance.length > MOST_INSTANCE_CHARS) return uri;
  const regId = params.get('reg-id');
  return regId !== undefined && /^[0-9]{1,5}$/.test(regId) ? `${instance};${regId}` : instance;
}

/** Delta-seconds; what is malformed or larger than 2³² − 1 counts as not said (RFC 3261 10.2.1.1, 20.19). */
function secondsOf(text: string): number | undefined {
  const digits = text.trim();
  return /^[0-9]{1,10}$/.test(digits) && Number(digits) <= 0xff_ff_ff_ff ? Number(digits) : undefined;
}

/** The order of a client's requests: Call-ID and the number of CSeq. */
export function orderOf(callId: string | undefined, cseq: string | undefined): { callId: string; cseq: number } | undefined {
  const number = /^([0-9]{1,10})[ \t]+REGISTER$/.exec(cseq?.trim() ?? '')?.[1];
  return callId && callId.length <= 256 && number !== undefined && Number(number) <= 0xff_ff_ff_ff
    ? { callId, cseq: Number(number) }
    : undefined;
}

/** The user of the address that is registered (To), with escapes undone. */
export function registeredUser(to: string | undefined): string | undefined {
  const address = to === undefined ? undefined : parseNameAddr(to);
  const user = address && parseUri(address.uri)?.user?.replace(/[:;].*$/, '');
  try {
    return user === undefined ? undefined : decodeURIComponent(user);
  } catch {
    return undefined;
  }
}

/** Extensions that the client insists on and we do not have (RFC 3261 8.2.2.3). */
export function unsupported(require: string | undefined): string[] {
  return require === undefined ? [] : splitList(require).filter((option) => option.toLowerCase() !== 'path');
}

/** Contact header of the answer. */
export function contactsText(bindings: readonly { readonly contact: string; readonly expiresAt: number }[], now: number): string {
  return bindings.map(({ contact, expiresAt }) => `<${contact}>;expires=${Math.max(1, Math.ceil((expiresAt - now) / 1_000))}`).join(', ');
}

/** Expires or Contact's `expires` that a registrar granted us: of the contact whose user is `user`. */
export function grantedExpiry(header: string | undefined, expiresHeader: string | undefined, user: string): number | undefined {
  for (const value of header === undefined ? [] : splitList(header)) {
    const contact = parseNameAddr(value);
    if (!contact || parseUri(contact.uri)?.user !== user) continue;
    const own = contact.params.get('expires');
    const granted = own === undefined ? undefined : secondsOf(own);
    if (granted !== undefined) return granted;
  }
  return expiresHeader === undefined ? undefined : secondsOf(expiresHeader);
}
