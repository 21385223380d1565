/** Stands between applications and the wire port of an edge, and cuts their connections, or lets one stand still, when a test says so. Closed by the test that opened it. */
import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net';

export interface Relay {
  readonly port: number;
  /** All connections at once; new ones are let through. */
  cut(): void;
  /** The next connection that says this first is let through no further, and never answered. */
  swallow(text: string): void;
  close(): Promise<void>;
}

export async function openRelay(target: number): Promise<Relay> {
  const sockets = new Set<Socket>();
  let swallowed: string | undefined;
  const server = createServer((client) => {
    const far = dial(target, '127.0.0.1');
    const end = (): void => {
      for (const socket of [client, far]) {
        socket.destroy();
        sockets.delete(socket);
      }
    };
    for (const socket of [client, far]) {
      sockets.add(socket);
      socket.on('error', end);
      socket.on('close', end);
    }
    client.once('data', (first) => {
      if (swallowed !== undefined && first.toString().startsWith(swallowed)) {
        swallowed = undefined;
        return;
      }
      far.write(first);
      client.pipe(far).pipe(client);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    swallow: (text) => {
      swallowed = text;
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      cut();
      await closed;
    },
  };
}
