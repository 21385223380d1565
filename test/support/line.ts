/**
 * A line in front of agents, in virtual time and by a seed: who comes, who is answered, who gives up, decided here and nowhere near the engine.
 * First come, first served over all queues; every agent serves all of them and holds `capacity` at once.
 */

export interface LineShape {
  readonly seed: number;
  readonly durationMs: number;
  /** One entry per queue: arrivals per ms. */
  readonly arrivals: readonly number[];
  /** Agents there at a time. */
  readonly agents: (at: number) => number;
  readonly capacity?: number;
  readonly meanHandleMs: number;
  /** Absent: nobody gives up. */
  readonly meanPatienceMs?: number;
  /** Share of those who never give up, although the others do. */
  readonly patientShare?: number;
}

export type LineEvent = { readonly at: number; readonly queue: number; readonly id: string } & (
  | { readonly kind: 'entered'; readonly ahead: number; readonly agents: number; readonly isPatient: boolean; readonly readyAgents: number }
  | { readonly kind: 'answered' | 'abandoned'; readonly waitMs: number; readonly readyAgents: number }
  | { readonly kind: 'handled'; readonly handleMs: number; readonly readyAgents: number }
);

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function chanceOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Waiting {
  readonly id: string;
  readonly queue: number;
  readonly since: number;
  readonly until: number;
}

interface Served {
  readonly id: string;
  readonly queue: number;
  readonly since: number;
  readonly until: number;
}

export function runLine(shape: LineShape): LineEvent[] {
  const chance = chanceOf(shape.seed);
  const drawn = (mean: number): number => Math.max(1, Math.round(-mean * Math.log(1 - chance())));
  const capacity = shape.capacity ?? 1;
  const events: LineEvent[] = [];
  const line: Waiting[] = [];
  const served: Served[] = [];
  const next = shape.arrivals.map((rate) => drawn(1 / rate));
  let count = 0;
  const ready = (at: number): number => Math.max(0, Math.ceil((shape.agents(at) * capacity - served.length) / capacity));

  function answerWhileFree(at: number): void {
    while (line.length > 0 && served.length < shape.agents(at) * capacity) {
      const first = line.shift() as Waiting;
      const { id, queue } = first;
      served.push({ id, queue, since: at, until: at + drawn(shape.meanHandleMs) });
      events.push({ at, kind: 'answered', id, queue, waitMs: at - first.since, readyAgents: ready(at) });
    }
  }

  for (;;) {
    const arriving = next.indexOf(Math.min(...next));
    const done = earliest(served);
    const leaving = earliest(line);
    const at = Math.min(
      next[arriving] as number,
      served[done]?.until ?? Number.POSITIVE_INFINITY,
      line[leaving]?.until ?? Number.POSITIVE_INFINITY,
    );
    if (at > shape.durationMs) return events;
    if (at === served[done]?.until) {
      const [over] = served.splice(done, 1) as [Served];
      events.push({ at, kind: 'handled', id: over.id, queue: over.queue, handleMs: at - over.since, readyAgents: ready(at) });
    } else if (at === line[leaving]?.until) {
      const [gone] = line.splice(leaving, 1) as [Waiting];
      events.push({ at, kind: 'abandoned', id: gone.id, queue: gone.queue, waitMs: at - gone.since, readyAgents: ready(at) });
    } else {
      const queue = arriving;
      const id = `int_${count++}`;
      const isPatient = shape.meanPatienceMs === undefined || chance() < (shape.patientShare ?? 0);
      const ahead = line.filter((each) => each.queue === queue).length;
      events.push({ at, kind: 'entered', id, queue, ahead, agents: shape.agents(at), isPatient, readyAgents: ready(at) });
      line.push({ id, queue, since: at, until: isPatient ? Number.POSITIVE_INFINITY : at + drawn(shape.meanPatienceMs ?? 0) });
      next[queue] = at + drawn(1 / (shape.arrivals[queue] as number));
    }
    answerWhileFree(at);
  }
}

function earliest(list: readonly { readonly until: number }[]): number {
  let found = -1;
  for (const [index, each] of list.entries()) if (found < 0 || each.until < (list[found]?.until ?? 0)) found = index;
  return found;
}
