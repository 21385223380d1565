/**
 * The load generator of the routing benchmark: a process of its own, so that its cost is not counted. Plays clients and agents through the engine's
 * router, as fifty nodes would. Offers reach its agents at their sockets where the scene has some, else by following the log, which makes this process
 * one more reader of it. Takes orders over the process channel.
 */
import { Redis } from 'ioredis';
import { Calls } from './routingCalls.ts';
import { Lives } from './routingLives.ts';
import type { RoutingOrder, RoutingReport } from './routingOrders.ts';
import { buildScene, openObserver, type Scene, signInAll } from './routingScene.ts';

const OFFER = Buffer.from('"type":"offer.made"');

let calls: Calls | undefined;
let redisUrl = '';
let connections = 0;
const lives = new Map<string, Lives>();

const tell = (report: RoutingReport): void => {
  process.send?.(report);
};

process.on('message', (order: RoutingOrder) => {
  obey(order).then(tell, (error: unknown) =>
    tell({ did: 'failed', error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
});
process.once('disconnect', () => process.exit(0));

async function obey(order: RoutingOrder): Promise<RoutingReport> {
  const startedAt = performance.now();
  const done = (): RoutingReport => ({ did: 'done', ms: performance.now() - startedAt });
  switch (order.do) {
    case 'connect':
      redisUrl = order.redisUrl;
      connections = order.connections;
      calls = await Calls.open(redisUrl, connections);
      return done();
    case 'noop':
      return callNothing(order.lastsMs);
    case 'build':
      await build(order.shape, order.gateway);
      return done();
    case 'occupy':
      await livesOf(order.scene).occupy();
      return done();
    case 'fill':
      await livesOf(order.scene).fill(order.waiting);
      return done();
    case 'lives':
      return { did: 'lived', run: await livesOf(order.scene).run(order) };
    case 'finish':
      await livesOf(order.scene).finish();
      return done();
    case 'alone':
      return { did: 'livedAlone', offerMs: await livesOf(order.scene).runAlone(order.lives, order.pauseMs) };
  }
}

function livesOf(scene: string): Lives {
  const found = lives.get(scene);
  if (!found) throw new Error(`there is no scene ${scene}`);
  return found;
}

async function build(shape: Scene['shape'], gateway: string): Promise<void> {
  if (!calls) throw new Error('not connected');
  const scene = await buildScene(calls, shape);
  const played = new Lives(calls, scene);
  lives.set(shape.name, played);
  const lost = (reason: string): void => tell({ did: 'failed', error: `${shape.name}: a socket was lost: ${reason}` });
  if (!shape.agentsAt) {
    const tail = calls.first.feeds.tail({
      onEntry({ accountId, type, body }) {
        if (type !== 'offer.made' || accountId !== scene.scope.accountId) return;
        const { i, a, tok } = JSON.parse(body) as { i: string; a: string; tok: string };
        played.offered(i, a, tok);
      },
      onGap: () => lost('the log has a gap'),
    });
    await tail.include(scene.scope);
  }
  const observer = await openObserver(calls, scene, gateway);
  observer.onLost = lost;
  for (const wire of await signInAll(calls, scene)) {
    wire.onLost = lost;
    wire.onFrame = (frame) => {
      if (!frame.includes(OFFER)) return;
      const { feed, event } = JSON.parse(frame.toString()) as {
        feed: string;
        event: { offer: { interaction: { id: string }; token: string } };
      };
      played.offered(event.offer.interaction.id, feed.slice('agent:'.length), event.offer.token);
    };
  }
}

/** The baseline: a script that does nothing, over as many connections with one call in flight each. */
async function callNothing(lastsMs: number): Promise<RoutingReport> {
  const clients = await Promise.all(Array.from({ length: connections }, async () => new Redis(redisUrl)));
  const sha = String(await clients[0]?.script('LOAD', 'return 0'));
  const startedAt = performance.now();
  let made = 0;
  await Promise.all(
    clients.map(async (client) => {
      while (performance.now() - startedAt < lastsMs) {
        await client.evalsha(sha, 1, 'c:{p0}:nothing');
        made++;
      }
    }),
  );
  const windowMs = performance.now() - startedAt;
  for (const client of clients) client.disconnect();
  return { did: 'called', calls: made, windowMs };
}
