/** The media process of the rtp benchmark: what the role `rtp` runs, without Redis to be found by, and refusing nobody, for the limit is looked for. Tells its control port; commanded by `RtpClient`. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Media } from '../sip/rtp/media.ts';
import { ControlServer } from '../sip/rtp/server.ts';
import { createLogger } from '../src/base/log.ts';
import type { ServeReport } from './rtpOrders.ts';

const log = createLogger('rtp', 'warn');
const addresses = { IPv4: '127.0.0.1', IPv6: undefined };
const server = await ControlServer.listen({ host: '127.0.0.1', port: 0, secret: 'bench-only', log }, (tell) => {
  return new Media({
    ports: { low: 20_000, high: 31_999 },
    addresses,
    dataDir: mkdtempSync(join(tmpdir(), 'rtp-')),
    cname: 'bench',
    log,
    tell,
  });
});
process.send?.({ did: 'listening', port: server.port } satisfies ServeReport);
for (const end of ['disconnect', 'SIGTERM']) process.once(end, () => process.exit(0));
