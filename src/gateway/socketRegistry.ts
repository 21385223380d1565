/**
 * All sockets of this process: counted by address, found by contact, user and account, greeted in time, told to move when the process stops.
 * Created once per gateway.
 */
import type { GatewayLimits } from '../../config/limits.ts';
import { countedAddress } from '../base/address.ts';
import type { CloseReason } from '../base/errors.ts';
import type { AgentMember, ClientSocket, SocketState, VisitorMember } from './clientSocket.ts';
import type { Metrics } from './metrics.ts';

const SWEEP_MS = 500;

export class SocketRegistry {
  readonly #limits: GatewayLimits;
  readonly #metrics: Metrics;
  readonly #all = new Set<ClientSocket>();
  readonly #greeting = new Set<ClientSocket>();
  readonly #byAddress = new Map<string, number>();
  /** By contact or user. */
  readonly #byMember = new Map<string, Set<ClientSocket>>();
  readonly #sweep: NodeJS.Timeout;
  #isDraining = false;

  constructor(limits: GatewayLimits, metrics: Metrics) {
    this.#limits = limits;
    this.#metrics = metrics;
    this.#sweep = setInterval(() => this.#closeLate(), SWEEP_MS);
  }

  get size(): number {
    return this.#all.size;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Whether one more socket may come from the address. */
  hasRoom(ip: string): boolean {
    return (this.#byAddress.get(countedAddress(ip)) ?? 0) < this.#limits.socketsPerAddress;
  }

  add(socket: ClientSocket): void {
    const address = countedAddress(socket.arrival.ip);
    this.#all.add(socket);
    this.#greeting.add(socket);
    this.#byAddress.set(address, (this.#byAddress.get(address) ?? 0) + 1);
    this.#metrics.sockets.inc({ as: 'greeting' });
  }

  /** Whether the member may have one more socket here; if so it has. */
  join(socket: ClientSocket, member: VisitorMember | AgentMember): boolean {
    const id = memberIdOf(member);
    const sockets = this.#byMember.get(id) ?? new Set();
    const most = member.kind === 'visitor' ? this.#limits.socketsPerVisitor : this.#limits.socketsPerUser;
    if (sockets.size >= most) return false;
    this.#byMember.set(id, sockets.add(socket));
    this.#greeting.delete(socket);
    this.#metrics.sockets.dec({ as: 'greeting' });
    this.#metrics.sockets.inc({ as: member.kind });
    return true;
  }

  /** The socket is gone; `last` is what it was. */
  remove(socket: ClientSocket, last: SocketState): void {
    if (!this.#all.delete(socket)) return;
    const address = countedAddress(socket.arrival.ip);
    const left = (this.#byAddress.get(address) ?? 1) - 1;
    if (left > 0) this.#byAddress.set(address, left);
    else this.#byAddress.delete(address);
    const isGreeting = this.#greeting.delete(socket);
    this.#metrics.sockets.dec({ as: isGreeting ? 'greeting' : last.kind });
    if (last.kind !== 'visitor' && last.kind !== 'agent') return;
    const id = memberIdOf(last);
    const sockets = this.#byMember.get(id);
    if (sockets?.delete(socket) && sockets.size === 0) this.#byMember.delete(id);
  }

  /** Sockets of a contact or a user. */
  of(memberId: string): readonly ClientSocket[] {
    return [...(this.#byMember.get(memberId) ?? [])];
  }

  /** Sockets for which the condition holds. */
  where(condition: (state: SocketState) => boolean): ClientSocket[] {
    return [...this.#all].filter((socket) => condition(socket.state));
  }

  closeAll(reason: CloseReason): void {
    for (const socket of [...this.#all]) socket.close(reason);
  }

  /** Tells all sockets to move, a few at a time over `withinMs`, so that they do not all knock at the next door at once. */
  async drain(withinMs: number): Promise<void> {
    this.#isDraining = true;
    const all = [...this.#all];
    const steps = Math.min(all.length, Math.max(1, Math.floor(withinMs / 50)));
    const perStep = Math.ceil(all.length / Math.max(1, steps));
    for (let at = 0; at < all.length; at += perStep) {
      for (const socket of all.slice(at, at + perStep)) socket.close('moved');
      if (at + perStep < all.length) await new Promise((resolve) => setTimeout(resolve, 50));
    }
    this.closeAll('moved');
  }

  close(): void {
    clearInterval(this.#sweep);
  }

  #closeLate(): void {
    const oldest = performance.now() - this.#limits.helloWithinMs;
    // In the order they came: the first that is not late ends the walk.
    for (const socket of this.#greeting) {
      if (socket.openedAt > oldest) return;
      socket.close('late');
    }
  }
}

function memberIdOf(member: VisitorMember | AgentMember): string {
  return member.kind === 'visitor' ? member.contactId : member.principal.userId;
}
