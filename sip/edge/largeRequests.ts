/**
 * Requests too large for one datagram on any path go by TCP where the far end takes it, and else by UDP as before (RFC 3261 18.1.1). Who refused, or let us wait, is left alone
 * for a while. Created by `Outbound` for new requests whose URI or next hop leaves the transport open: a way that names it, such as a phone's flow, is taken as it is, and what
 * belongs to a dialog goes the way of the dialog.
 */
import type { Core } from './core.ts';
import { hostPort } from './nextHop.ts';
import { Recent } from './recent.ts';
import type { Flow } from './types.ts';

/** With the Via, of which `VIA_BYTES` is about the size. */
const MOST_BYTES = 1_300;
const VIA_BYTES = 100;
/** A far end that drops what asks for a connection must not hold up a call for as long as a connection may take. */
const CONNECT_MS = 1_000;
const FORGIVEN_MS = 600_000;
const MOST_KNOWN = 10_000;

export class LargeRequests {
  readonly #core: Core;
  /** By far end: when it may be asked again. */
  readonly #refused = new Recent<number>(MOST_KNOWN);

  constructor(core: Core) {
    this.#core = core;
  }

  /** The flow for a request of so many bytes in place of this one; the same where none is needed or to be had. Never throws. */
  async flowInstead(bytes: number, flow: Flow): Promise<Flow> {
    const { clock, transports } = this.#core;
    if (bytes + VIA_BYTES <= MOST_BYTES || flow.protocol !== 'udp') return flow;
    if (!transports.listening.some(({ protocol }) => protocol === 'tcp')) return flow;
    const place = hostPort(flow.remote);
    if ((this.#refused.get(place) ?? 0) > clock.now()) return flow;
    const { promise, resolve } = Promise.withResolvers<Flow | undefined>();
    const timer = clock.setTimeout(() => resolve(undefined), CONNECT_MS);
    transports.flowTo({ protocol: 'tcp', ...flow.remote }).then(resolve, () => resolve(undefined));
    const found = await promise;
    clock.clearTimeout(timer);
    if (!found) this.#refused.set(place, clock.now() + FORGIVEN_MS);
    return found ?? flow;
  }
}
