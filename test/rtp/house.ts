/**
 * A house of phone media for a test: control server and media in this process, one application's link, phones. Everything it opened is closed with it; ports
 * are taken from a range of which free ones are found.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { RtpClient } from '../../sip/rtp/client.ts';
import { Media } from '../../sip/rtp/media.ts';
import type { LegInfo, RemoteMedia, RtpEvent } from '../../sip/rtp/protocol.ts';
import { ControlServer } from '../../sip/rtp/server.ts';
import { RtpPhone, type RtpPhoneOptions } from '../actors/rtpPhone.ts';
import { until } from '../support/services.ts';

const SECRET = 'the secret of a test';
export const silent = pino({ level: 'silent' });

export interface MediaHouse {
  readonly media: Media;
  readonly server: ControlServer;
  readonly dataDir: string;
  readonly client: RtpClient;
  readonly events: RtpEvent[];
  /** Another application's link, or this one's again. */
  link(application: string, secret?: string): { client: RtpClient; events: RtpEvent[] };
  /** A phone with its leg, which knows it. */
  phone(
    call: string,
    leg: string,
    options?: RtpPhoneOptions & { remote?: Partial<RemoteMedia>; silentAfterMs?: number },
  ): Promise<{ phone: RtpPhone; leg: LegInfo }>;
  close(): Promise<void>;
}

/** `mostLateMs`: by default what else the machine does refuses no leg here. */
export async function openMediaHouse({
  ports = { low: 20_000, high: 29_999 },
  mostLateMs = 60_000,
}: {
  ports?: { low: number; high: number };
  mostLateMs?: number;
} = {}): Promise<MediaHouse> {
  const dataDir = mkdtempSync(join(tmpdir(), 'centralino-rtp-'));
  let made: Media | undefined;
  const server = await ControlServer.listen({ host: '127.0.0.1', port: 0, secret: SECRET, log: silent }, (tell) => {
    made = new Media({ ports, addresses: { IPv4: '127.0.0.1', IPv6: '::1' }, dataDir, cname: 'test', log: silent, mostLateMs, tell });
    return made;
  });
  const media = made as unknown as Media;
  const clients: RtpClient[] = [];
  const phones: RtpPhone[] = [];
  const link: MediaHouse['link'] = (application, secret = SECRET) => {
    const events: RtpEvent[] = [];
    const client = new RtpClient({
      host: '127.0.0.1',
      port: server.port,
      secret,
      application,
      log: silent,
      onEvent: (event) => events.push(event),
    });
    clients.push(client);
    return { client, events };
  };
  const { client, events } = link('app-1');
  await until(() => client.isUp, { what: 'the link' });
  return {
    media,
    server,
    dataDir,
    client,
    events,
    link,
    async phone(call, leg, { remote = {}, silentAfterMs = 0, ...options } = {}) {
      const phone = await RtpPhone.open(options);
      phones.push(phone);
      const opened = (await client.ask({ do: 'leg.open', call, leg, silentAfterMs })).leg as LegInfo;
      await client.ask({ do: 'leg.remote', leg, remote: { ...phone.remote, ...remote } });
      phone.aim(opened);
      return { phone, leg: opened };
    },
    async close() {
      for (const one of clients) one.close();
      for (const phone of phones) phone.close();
      media.close();
      await server.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
