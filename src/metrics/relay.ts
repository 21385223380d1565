/**
 * Figures of all processes at any gateway. Every few seconds a process publishes its registry as a signal; each gateway keeps the latest of
 * every node for a while and shows them with its own at /metrics, told apart by the label `node`. Nothing is stored: a node that is gone
 * falls silent, a gateway that starts knows all nodes after one round.
 */
import { AggregatorRegistry, type MetricObjectWithValues, type MetricValue, type Registry } from 'prom-client';
import type { Engine, Scope } from '../../queues/engine.ts';
import type { AccountId } from '../base/ids.ts';
import type { Logger } from '../base/log.ts';
import { type Loop, repeat } from '../base/loop.ts';

const EVERY_MS = 5_000;
/** Three rounds missed: the node is gone. */
const FORGET_MS = 20_000;
const TOPIC = 'metrics:';
/** Signals of no account. */
const NOWHERE: Scope = { accountId: '' as AccountId, partition: 0 };

type Figures = MetricObjectWithValues<MetricValue<string>>[];

/** Publishes the registry until closed. Its default labels must name the node. */
export function publishMetrics(engine: Pick<Engine, 'signals'>, nodeId: string, registry: Registry, log: Logger): Loop {
  const publish = async (): Promise<void> =>
    engine.signals.publish(NOWHERE, TOPIC + nodeId, JSON.stringify(await registry.getMetricsAsJSON()));
  return repeat('metrics', EVERY_MS, publish, log, { firstAfterMs: 0 });
}

export interface CollectedMetrics {
  /** Prometheus text of the process's own registry and of all nodes heard of lately. */
  text(own: Registry): Promise<string>;
  close(): Promise<void>;
}

/** Listens to what other nodes publish; `own` names this one, whose figures are at hand. Created once per gateway. */
export function collectMetrics(engine: Pick<Engine, 'signals'>, own: string): CollectedMetrics {
  const heard = new Map<string, { figures: Figures; at: number }>();
  const following = engine.signals.follow((topic, payload) => {
    if (topic.startsWith(TOPIC) && topic !== TOPIC + own)
      heard.set(topic.slice(TOPIC.length), { figures: JSON.parse(payload) as Figures, at: performance.now() });
  });
  return {
    text: async (registry) => {
      for (const [node, { at }] of heard) if (performance.now() - at > FORGET_MS) heard.delete(node);
      const all = [await registry.getMetricsAsJSON(), ...[...heard.values()].map(({ figures }) => figures)];
      return merge(all).metrics();
    },
    close: () => following.close(),
  };
}

/** Every series names its node, so nothing is really added up; but what a metric says of adding up would leave some out. */
function merge(nodes: readonly Figures[]): Registry {
  return AggregatorRegistry.aggregate(nodes.map((figures) => figures.map((figure) => ({ ...figure, aggregator: 'sum' }))));
}
