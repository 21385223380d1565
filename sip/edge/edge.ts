/**
 * The embedded SIP edge above its transactions: dialogs, proxying, and the applications that speak drachtio's wire protocol (WIRE.md). Created by `role.ts` over
 * sockets that are open already; nothing is taken before an application has come.
 *
 * Closing order: applications are cut off (what they have not answered is refused with 503), calls lose their timers and stay up at the phones, transactions end,
 * sockets close. An edge that shall not cut calls off is drained before.
 */
import type { Logger } from '../../src/base/log.ts';
import type { Application } from './application.ts';
import { Applications } from './applications.ts';
import { parseAppMessage } from './appMessage.ts';
import { Control } from './control.ts';
import { type Core, type CoreCounts, noCounts } from './core.ts';
import { DialogLife } from './dialogLife.ts';
import { Dialogs } from './dialogs.ts';
import { Inbound } from './inbound.ts';
import { InboundReply } from './inboundReply.ts';
import { type Names, rememberedNames } from './names.ts';
import { hostPort } from './nextHop.ts';
import { Outbound } from './outbound.ts';
import { SipProxy } from './proxy.ts';
import { Recovery } from './recovery.ts';
import { createTransactions } from './transactions.ts';
import type { Clock, Destination, SipTimers, Transports } from './types.ts';
import type { SipCommand } from './wireCommand.ts';
import { refusedFrame } from './wireText.ts';

/** Must look like `vX.Y.Z`: drachtio-srf compares it with what it wants to use (pings from v0.8.2 on). */
const VERSION = 'v0.9.10-centralino';

export interface EdgeOptions {
  readonly transports: Transports;
  /** Where applications come to; port 0: any. */
  readonly wire: { readonly host: string; readonly port: number; readonly secret: string };
  readonly clock: Clock;
  readonly timers: SipTimers;
  readonly log: Logger;
  /** See `Core.redirect`. */
  readonly redirect?: (destination: Destination) => Destination;
  /** Who is asked instead of the system's resolver. */
  readonly names?: Partial<Names>;
}

export interface EdgeFigures extends CoreCounts {
  readonly dialogs: number;
  readonly applications: number;
  /** Methods that applications have asked for, each application's counted. */
  readonly routes: number;
  readonly serverTransactions: number;
  readonly clientTransactions: number;
  /** Requests that an application, or the network, has not answered. */
  readonly incoming: number;
  readonly outgoing: number;
}

export interface Edge {
  /** Of the applications' port. */
  readonly wirePort: number;
  readonly figures: EdgeFigures;
  /** Every call that is up, both sides and its application told. */
  hangUp(): void;
  close(reason: string): Promise<void>;
}

/** @throws when the applications' port cannot be listened on */
export async function createEdge(options: EdgeOptions): Promise<Edge> {
  const { transports, clock, timers, log } = options;
  const transactions = createTransactions({ transports, clock, timers });
  const greeting = () => ({
    advertised: transports.listening.map(({ protocol, advertised }) => `${protocol}/${hostPort(advertised)}`).join(','),
    version: VERSION,
    local: transports.listening.map(({ protocol, address }) => `${protocol}/${hostPort(address)}`).join(','),
  });
  const applications = await Applications.listen(
    { ...options.wire, clock, log, greeting },
    {
      onSip: (application, command) => guarded(application, command, () => obey(application, command)),
      onProxy: (application, command) =>
        guarded(application, command, () => {
          const message = parseAppMessage(command.text);
          if (message) proxy.take(application, command, message);
          else application.write(refusedFrame(command.id, 'invalid proxy request'));
        }),
      onGone: (application) => recovery.lost(application),
      onControl: (socket, first) => control.welcome(socket, first),
    },
  );
  const core: Core = {
    transports,
    transactions,
    applications,
    dialogs: new Dialogs(),
    clock,
    timers,
    log,
    redirect: options.redirect ?? ((destination) => destination),
    names: rememberedNames(clock, options.names),
    counts: noCounts(),
  };
  const life = new DialogLife(core);
  const inbound: Inbound = new Inbound(core, {
    life,
    forward: (transaction) => proxy.forward(transaction),
    forwardAck: (ack) => proxy.forwardAck(ack),
    dialogOfNotify: (request, flow) => outbound.dialogOfNotify(request, flow),
    isInviting: (dialogId) => outbound.isInviting(dialogId),
  });
  const proxy = new SipProxy(core, inbound, options.wire.secret);
  const replies = new InboundReply(core, inbound, life);
  const outbound = new Outbound(core, life);
  const recovery = new Recovery(core, life, inbound, outbound);
  const control = new Control(core, { secret: options.wire.secret, life, recovery, stats: () => ({ ...figures() }), log });

  function figures(): EdgeFigures {
    return {
      ...core.counts,
      dialogs: core.dialogs.size,
      applications: applications.known.size,
      routes: [...applications.known].reduce((sum, { routes }) => sum + routes.size, 0),
      serverTransactions: transactions.counts.server,
      clientTransactions: transactions.counts.client,
      incoming: inbound.count,
      outgoing: outbound.count,
    };
  }

  /** Whatever an application says, a fault of ours ends its command, not the process. */
  function guarded(application: Application, command: { readonly id: string }, work: () => void): void {
    try {
      work();
    } catch (error) {
      log.error({ application: application.id, err: error }, 'edge.fault');
      application.write(refusedFrame(command.id, 'Server error'));
    }
  }

  function obey(application: Application, command: SipCommand): void {
    const message = parseAppMessage(command.text);
    const firstLine = command.text.split('\r\n', 1)[0] ?? '';
    if (!message) return application.write(refusedFrame(command.id, `invalid request-uri: ${firstLine}`));
    const { start } = message;
    if (start.kind === 'request') return outbound.take(application, command, message, start.method, start.uri);
    replies.take(application, command, message, start.status, start.reason);
  }

  return {
    get wirePort() {
      return applications.port;
    },
    get figures() {
      return figures();
    },
    hangUp() {
      for (const dialog of [...core.dialogs.all()]) life.hangUp(dialog, 'stopped');
    },
    async close(reason) {
      recovery.close();
      await applications.close(reason);
      recovery.close();
      inbound.close();
      outbound.close();
      life.close();
      transactions.close(reason);
      await transports.close(reason);
    },
  };
}
