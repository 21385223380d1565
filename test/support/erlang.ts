/**
 * What theory says of a queue with Poisson arrivals, exponential service and n servers: Erlang C without, Erlang A (Palm) with exponential patience. Rates per
 * second. And the textbook's own queue: who came first is served first, by whoever is free first, told call by call.
 */
export interface Load {
  readonly servers: number;
  readonly arrivalRate: number;
  readonly serviceRate: number;
}

export function erlangC({ servers, arrivalRate, serviceRate }: Load): { waits: number; meanWaitSec: number; within(sec: number): number } {
  const offered = arrivalRate / serviceRate;
  let blocking = 1;
  for (let server = 1; server <= servers; server++) blocking = (offered * blocking) / (server + offered * blocking);
  const waits = blocking / (1 - (offered / servers) * (1 - blocking));
  const drain = servers * serviceRate - arrivalRate;
  return { waits, meanWaitSec: waits / drain, within: (sec) => 1 - waits * Math.exp(-drain * sec) };
}

/** `meanWaitSec` of all, those who left included. */
export function erlangA(load: Load, leavingRate: number): { waits: number; abandoned: number; meanWaitSec: number } {
  const { servers, arrivalRate, serviceRate } = load;
  const weights = [1];
  for (let state = 1; state < servers + 1_000; state++) {
    const outRate = Math.min(state, servers) * serviceRate + Math.max(0, state - servers) * leavingRate;
    weights.push(((weights.at(-1) ?? 0) * arrivalRate) / outRate);
  }
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  const mean = (value: (state: number) => number) => weights.reduce((sum, weight, state) => sum + weight * value(state), 0) / whole;
  const waiting = mean((state) => Math.max(0, state - servers));
  return {
    waits: mean((state) => (state >= servers ? 1 : 0)),
    abandoned: (waiting * leavingRate) / arrivalRate,
    meanWaitSec: waiting / arrivalRate,
  };
}

/** Waits in ms of calls in the order of their coming; whoever is not served within the patience leaves. */
export function textbookQueue(
  servers: number,
  calls: readonly { readonly at: number; readonly handleMs: number; readonly patienceMs: number }[],
): { readonly waitMs: number; readonly isAnswered: boolean }[] {
  const freeAt = new Array<number>(servers).fill(0);
  return calls.map(({ at, handleMs, patienceMs }) => {
    const first = freeAt.indexOf(Math.min(...freeAt));
    const waitMs = Math.max(0, (freeAt[first] ?? 0) - at);
    if (waitMs > patienceMs) return { waitMs: patienceMs, isAnswered: false };
    freeAt[first] = at + waitMs + handleMs;
    return { waitMs, isAnswered: true };
  });
}
