/**
 * The listening socket: uWebSockets.js serving HTTP and WebSocket on one port, with TLS when a certificate is given. Created once per gateway.
 * Several gateways of one center share the port (SO_REUSEPORT); a port that somebody else holds is a clear error.
 */

import type { us_listen_socket, WebSocket } from 'uWebSockets.js';
import uws from 'uWebSockets.js';
import { readFileSync } from 'node:fs';
import { FRAME_MAX_BYTES, HEARTBEAT_SEC } from '../protocol/common.ts';
import type { Arrival, ClientSocket } from './clientSocket.ts';
import { foreignOrigin } from './cors.ts';
import { credentialsOf } from './credentials.ts';
import { Exchange } from './exchange.ts';
import { requirePort } from './portCheck.ts';

export interface ServerOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly tls: { readonly certFile: string; readonly keyFile: string } | undefined;
  readonly isProxyTrusted: boolean;
  /** Same in all processes of one center, and told by their /health. */
  readonly centerMark: string;
  readonly backlogMaxBytes: number;
  readonly onRequest: (exchange: Exchange) => void;
  /** A new socket, or undefined after the exchange was answered with a refusal. */
  readonly onUpgrade: (exchange: Exchange, arrival: Arrival) => ClientSocket | undefined;
  readonly onOpen: (socket: ClientSocket) => void;
}

/** Of the silence after which a client counts as gone; pings go out in between by themselves. */
const IDLE_SEC = Math.ceil((HEARTBEAT_SEC * 2) / 4) * 4;

interface SocketData {
  readonly socket: ClientSocket;
}

export class Server {
  readonly port: number;
  readonly #app: uws.TemplatedApp;
  readonly #listening: us_listen_socket;
  #isListening = true;

  private constructor(app: uws.TemplatedApp, listening: us_listen_socket) {
    this.#app = app;
    this.#listening = listening;
    this.port = uws.us_socket_local_port(listening);
  }

  /** @throws PortTakenError, Error (certificate) */
  static async listen(options: ServerOptions): Promise<Server> {
    const { tls, host, port } = options;
    if (tls) requireReadable(tls);
    if (port !== 0) await requirePort({ host, port, isTls: tls !== undefined, centerMark: options.centerMark });
    const app = tls ? uws.SSLApp({ cert_file_name: tls.certFile, key_file_name: tls.keyFile }) : uws.App();
    app.ws<SocketData>('/ws', {
      // Above it the connection breaks without a word; between ours and this one the client is told.
      maxPayloadLength: FRAME_MAX_BYTES * 4,
      // Ours is the lower limit: it closes with a code that tells the client to resume.
      maxBackpressure: options.backlogMaxBytes * 4,
      idleTimeout: IDLE_SEC,
      sendPingsAutomatically: true,
      upgrade: (res, req, context) => {
        const exchange = new Exchange(res, req, options.isProxyTrusted);
        const socket = options.onUpgrade(exchange, arrivalOf(exchange));
        if (socket) exchange.upgrade({ socket } satisfies SocketData, context);
      },
      open: (ws) => {
        const { socket } = ws.getUserData();
        socket.open({
          send: (frame) => ws.send(frame, false),
          buffered: () => ws.getBufferedAmount(),
          end: (code, reason) => ws.end(code, reason),
        });
        options.onOpen(socket);
      },
      message: (ws, data, isBinary) => {
        const { socket } = ws.getUserData();
        if (data.byteLength > FRAME_MAX_BYTES) socket.malformed(`A frame has at most ${FRAME_MAX_BYTES} bytes.`);
        else if (isBinary) socket.malformed('Frames are text.');
        else socket.receive(Buffer.from(data).toString('utf8'));
      },
      close: (ws: WebSocket<SocketData>) => ws.getUserData().socket.closed(),
    });
    app.any('/*', (res, req) => options.onRequest(new Exchange(res, req, options.isProxyTrusted)));
    const listening = await new Promise<us_listen_socket | false>((resolve) => app.listen(host, port, resolve));
    if (!listening) throw new Error(`cannot listen on ${host}:${port}: the address is not of this machine, or the port needs more rights`);
    return new Server(app, listening);
  }

  /** No new connections; those that are open go on. */
  stopListening(): void {
    if (!this.#isListening) return;
    this.#isListening = false;
    uws.us_listen_socket_close(this.#listening);
  }

  /** Ends everything that is still open. Idempotent. */
  close(): void {
    this.stopListening();
    this.#app.close();
  }
}

function arrivalOf(exchange: Exchange): Arrival {
  return {
    ip: exchange.ip,
    userAgent: (exchange.header('user-agent') ?? '').slice(0, 400),
    foreignOrigin: foreignOrigin(exchange),
    credentials: credentialsOf(exchange),
  };
}

/** uWebSockets.js only says that it did not work; the file system says why. */
function requireReadable({ certFile, keyFile }: { certFile: string; keyFile: string }): void {
  for (const [name, file] of [
    ['TLS_CERT', certFile],
    ['TLS_KEY', keyFile],
  ] as const) {
    try {
      readFileSync(file);
    } catch (cause) {
      throw new Error(`${name}: ${(cause as Error).message}`, { cause });
    }
  }
}
