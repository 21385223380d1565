/** How requests to a trunk name it, and where they go first: straight to its host, or by its outbound proxy (RFC 3261 8.1.2, VOX-4). Pure. */
import type { TrunkDoc } from '../../queues/phones.ts';
import { hostText } from '../edge/uri.ts';

type Place = Pick<TrunkDoc, 'host' | 'port' | 'transport' | 'outboundProxy'>;

/** By a proxy the transport is that of the way to it, and nothing of the name. */
export function trunkUri({ host, port, transport, outboundProxy }: Place, user = ''): string {
  const at = user === '' ? '' : `${user}@`;
  const uri = `sip:${at}${hostText(host)}${port > 0 ? `:${port}` : ''}`;
  return outboundProxy ? uri : `${uri}${transportParam(transport)}`;
}

/** The next hop, where it is not what the URI says. */
export function trunkProxy({ outboundProxy, transport }: Place): string | undefined {
  return outboundProxy ? `sip:${outboundProxy}${transportParam(transport)}` : undefined;
}

/** Nothing for UDP, which is what a URI means without. */
export function transportParam(transport: TrunkDoc['transport']): string {
  return transport === 'udp' ? '' : `;transport=${transport}`;
}
