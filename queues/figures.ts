/**
 * What `readFigures` answers, as the figures of a queue. An average of nothing is absent, never 0: CBK-1 tells them apart. Shares are given to a
 * thousandth, so that figures which nobody could tell apart are equal.
 */
import type { QueueFigures } from '../src/protocol/views.ts';
import type { Reply } from './redis.ts';

export function toFigures(queue: string, reply: Reply): QueueFigures {
  const [version, waiting, longest, inService, online, available, paused, ...counted] = reply;
  const [answered, waits, inTime, abandoned, late, compared, errors, drift, ...rest] = counted.map(Number);
  const [dayAnswered, dayWaits, dayInTime, dayAbandoned, dayLate, dayHandled, dayHandleTimes, busyTime, onlineTime] = rest;
  const estimated = reply.at(-1);
  return {
    queue,
    version: String(version),
    waiting: Number(waiting),
    ...(longest === '' ? {} : { longestWaitSince: Number(longest) }),
    inService: Number(inService),
    agentsOnline: Number(online),
    agentsAvailable: Number(available),
    agentsPaused: Number(paused),
    answered: answered ?? 0,
    abandoned: abandoned ?? 0,
    ...mean('averageWaitMs', waits, answered),
    ...share('serviceLevel', inTime, (answered ?? 0) + (late ?? 0)),
    today: {
      answered: dayAnswered ?? 0,
      abandoned: dayAbandoned ?? 0,
      handled: dayHandled ?? 0,
      ...mean('averageWaitMs', dayWaits, dayAnswered),
      ...mean('averageHandleMs', dayHandleTimes, dayHandled),
      ...share('serviceLevel', dayInTime, (dayAnswered ?? 0) + (dayLate ?? 0)),
    },
    ...share('occupancy', busyTime, onlineTime),
    ...(estimated === '' ? {} : { estimatedWaitMs: Number(estimated) }),
    ...mean('estimateErrorMs', errors, compared),
    ...mean('estimateBiasMs', drift, compared),
  };
}

function share<Name extends string>(name: Name, part = 0, whole = 0): { [Key in Name]?: number } {
  return whole > 0 ? ({ [name]: Math.round((part / whole) * 1_000) / 1_000 } as { [Key in Name]?: number }) : {};
}

function mean<Name extends string>(name: Name, sum = 0, count = 0): { [Key in Name]?: number } {
  return count > 0 ? ({ [name]: Math.round(sum / count) } as { [Key in Name]?: number }) : {};
}
