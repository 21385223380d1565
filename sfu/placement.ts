/** Which worker a room's next peer is put on. Pure. */

/** A consumer is what costs: a packet out. A pipe is one too, to another worker. A peer has two transports. */
export interface SfuLoad {
  /** Rooms, or branches of one. */
  rooms: number;
  peers: number;
  producers: number;
  consumers: number;
  /** Producers that go on to another worker from here. */
  pipes: number;
}

interface Placeable {
  readonly load: Readonly<SfuLoad>;
}

/** A room where nobody sends yet will. */
export function weightOf({ load }: Placeable): number {
  return load.consumers + load.pipes + load.rooms;
}

/**
 * `carrying`: those that carry the room already, its home first. A room spreads only when all of them are full, and nobody is refused: where all are full, the least
 * loaded of the room's own takes one more. undefined: none serves.
 */
export function choosePlace<Worker extends Placeable>(
  carrying: readonly Worker[],
  serving: readonly Worker[],
  consumersMax: number,
): Worker | undefined {
  const hasPlace = (worker: Worker): boolean => weightOf(worker) < consumersMax;
  return carrying.find(hasPlace) ?? leastLoaded(serving.filter(hasPlace)) ?? leastLoaded(carrying) ?? leastLoaded(serving);
}

function leastLoaded<Worker extends Placeable>(workers: readonly Worker[]): Worker | undefined {
  return workers.toSorted((one, other) => weightOf(one) - weightOf(other))[0];
}
