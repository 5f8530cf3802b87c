// What is sent through each target. Turns are long enough for the scheduler's counters and short enough that all
// targets meet the same moods of the machine.

/**
 * @typedef {object} Workload
 * @property {string} name
 * @property {string} title
 * @property {'request' | 'stream' | 'event'} unit What CPU is divided by.
 * @property {'json' | 'burst' | 'paced'} script
 * @property {number} bodyBytes
 * @property {number} rounds
 * @property {number} [events]
 * @property {number} [concurrency]
 * @property {number} [warmUpUnits] How much each target is loaded with before the first round, until its code is compiled:
 *   counted, as a slow machine takes longer for it; the slowest targets get less, see `MAX_WARM_UP_MS`.
 * @property {number} [turnMs] How long one target is loaded in one round.
 * @property {number} [calmMs] How long its latency is then taken, one request at a time.
 * @property {number} [streams]
 * @property {number} [rampMs] Time in which the streams are opened.
 */

/** @type {readonly Workload[]} */
export const workloads = [
  {
    name: 'json',
    title: 'small JSON, about 1 KB each way, 32 at a time',
    unit: 'request',
    script: 'json',
    bodyBytes: 1024,
    concurrency: 32,
    warmUpUnits: 20_000,
    turnMs: 400,
    calmMs: 200,
    rounds: 7,
  },
  {
    name: 'burst',
    title: 'burst stream, 200 events, ten in an upstream write, 16 at a time',
    unit: 'stream',
    script: 'burst',
    events: 200,
    bodyBytes: 1024,
    concurrency: 16,
    warmUpUnits: 6_000,
    turnMs: 400,
    calmMs: 200,
    rounds: 7,
  },
  {
    name: 'paced',
    title: '1,000 paced streams open at once, one event in 100 ms each',
    unit: 'event',
    script: 'paced',
    events: 30,
    bodyBytes: 1024,
    streams: 1000,
    rampMs: 1000,
    rounds: 2,
  },
  {
    name: 'body-1mb',
    title: '1 MB request, 8 at a time',
    unit: 'request',
    script: 'json',
    bodyBytes: 1024 ** 2,
    concurrency: 8,
    warmUpUnits: 150,
    turnMs: 500,
    calmMs: 200,
    rounds: 5,
  },
  {
    name: 'body-8mb',
    title: '8 MB request, 4 at a time',
    unit: 'request',
    script: 'json',
    bodyBytes: 8 * 1024 ** 2,
    concurrency: 4,
    warmUpUnits: 30,
    turnMs: 700,
    calmMs: 300,
    rounds: 5,
  },
]

export const workloadNames = workloads.map(({ name }) => name)

/** The same in a few seconds each: shows that everything works, not how well. */
export function toQuick(workload) {
  if (workload.streams !== undefined) return { ...workload, rounds: 1, streams: 200, events: 10, rampMs: 300 }
  return { ...workload, rounds: 1, warmUpUnits: 500, turnMs: 250, calmMs: 100 }
}
