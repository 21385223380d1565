/** What is wrong with the ports that the server is told to listen on, said before anything is started: a process that cannot listen would only be started again and again. */
import { createSocket } from 'node:dgram';
import type { Env } from '../../config/env.ts';
import { portTrouble } from './freePort.ts';

type Listening = Pick<
  Env,
  'HTTP_PORT' | 'HTTP_HOST' | 'SIP_PORT' | 'SIP_TLS_PORT' | 'SIP_WS_PORT' | 'SIP_HOST' | 'TLS_CERT' | 'DRACHTIO_HOST'
>;

interface Wish {
  readonly name: 'HTTP_PORT' | 'SIP_PORT' | 'SIP_TLS_PORT' | 'SIP_WS_PORT';
  readonly port: number;
  readonly host: string;
  readonly isUdpToo?: boolean;
}

/** The first trouble, with how to mend it; a port of 0 is chosen later and never in trouble. */
export async function portsMessage(env: Listening): Promise<string | undefined> {
  for (const wish of wishes(env)) {
    if (wish.port === 0) continue;
    const trouble = (await portTrouble(wish.port, wish.host)) ?? (wish.isUdpToo ? await udpTrouble(wish.port, wish.host) : undefined);
    if (trouble) return message(wish, trouble);
  }
  return undefined;
}

function wishes({ HTTP_PORT, HTTP_HOST, SIP_PORT, SIP_TLS_PORT, SIP_WS_PORT, SIP_HOST, TLS_CERT, DRACHTIO_HOST }: Listening): Wish[] {
  const http: Wish = { name: 'HTTP_PORT', port: HTTP_PORT, host: HTTP_HOST };
  if (DRACHTIO_HOST) return [http];
  const sip: Wish[] = [
    { name: 'SIP_PORT', port: SIP_PORT, host: SIP_HOST, isUdpToo: true },
    { name: 'SIP_WS_PORT', port: SIP_WS_PORT, host: SIP_HOST },
  ];
  return [http, ...sip, ...(TLS_CERT ? [{ name: 'SIP_TLS_PORT' as const, port: SIP_TLS_PORT, host: SIP_HOST }] : [])];
}

function message({ name, port, host }: Wish, trouble: string): string {
  if (trouble === 'EADDRINUSE')
    return `Port ${port} is taken by another program: stop it, or set ${name} to a free one, e.g. ${name}=${port + 1} npm start`;
  if (trouble === 'EACCES') return `This user may not listen on port ${port}: set ${name} to one above 1023, or put a proxy in front.`;
  return `${host} with ${name} ${port} cannot be listened on (${trouble}).`;
}

function udpTrouble(port: number, host: string): Promise<string | undefined> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  return new Promise((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => {
      socket.close();
      resolve(error.code ?? String(error));
    });
    socket.bind({ port, address: host, exclusive: true }, () => socket.close(() => resolve(undefined)));
  });
}
