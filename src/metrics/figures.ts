/** Figures that a part keeps anyway, shown at /metrics as they stand when somebody asks. Labels are those of the registry, none of their own. */
import { Counter, Gauge, type Registry } from 'prom-client';

/** Name and help of a metric, by the figure it shows. */
export type Described<Figures> = Readonly<Partial<Record<keyof Figures, readonly [name: string, help: string]>>>;

/** `totals` only ever grow, `levels` go up and down. `read` is asked whenever the registry is. */
export function showFigures<Figures extends { readonly [Key in keyof Figures]: number }>(
  registry: Registry,
  read: () => Figures,
  { totals, levels }: { readonly totals: Described<Figures>; readonly levels: Described<Figures> },
): void {
  const registers = [registry];
  for (const [key, name, help] of entriesOf(totals)) {
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(read()[key]);
      },
    });
  }
  for (const [key, name, help] of entriesOf(levels)) {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read()[key]);
      },
    });
  }
}

function entriesOf<Figures>(described: Described<Figures>): (readonly [keyof Figures, string, string])[] {
  return Object.entries(described as Record<string, readonly [string, string]>).map(([key, [name, help]]) => [
    key as keyof Figures,
    name,
    help,
  ]);
}
