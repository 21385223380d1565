/**
 * The servers this application is linked to: those that announce themselves, or the one that is configured. Which kind of server stands at the other end is known nowhere;
 * a link is a name, an address and a secret. Made by the application, which has `refresh` called every second.
 */
import { Link, type LinkOptions, type ServerAddress } from './link.ts';

export class Links {
  readonly #options: Omit<LinkOptions, 'server'>;
  readonly #servers: () => Promise<readonly ServerAddress[]>;
  readonly #links = new Map<string, Link>();
  #turn = 0;

  constructor(options: Omit<LinkOptions, 'server'> & { readonly servers: () => Promise<readonly ServerAddress[]> }) {
    this.#options = options;
    this.#servers = options.servers;
  }

  async refresh(): Promise<void> {
    const servers = await this.#servers();
    for (const server of servers) if (!this.#links.has(server.name)) this.#links.set(server.name, new Link({ ...this.#options, server }));
    for (const [name, link] of this.#links) {
      // A server that says nothing of itself but holds its link is still there.
      if (link.isUp || servers.some((server) => server.name === name)) continue;
      this.#links.delete(name);
      link.close();
    }
  }

  get(name: string): Link | undefined {
    return this.#links.get(name);
  }

  /** In turns. */
  any(): Link | undefined {
    const up = this.up;
    return up[this.#turn++ % Math.max(1, up.length)];
  }

  get up(): Link[] {
    return [...this.#links.values()].filter((link) => link.isUp);
  }

  close(): void {
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
  }
}
