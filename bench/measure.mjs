import { setTimeout as delay } from 'node:timers/promises'
import { canReadTrees, resetPeak, treeUsage } from './cpu.mjs'
import { median } from './statistics.mjs'

/** Log lines and garbage of a turn are part of its cost: they get this long to be dealt with. */
const SETTLE_MS = 50
/** No target is warmed up for longer. */
const MAX_WARM_UP_MS = 20_000

/**
 * A target that is up: a process, or the upstream itself, whose CPU is nobody's.
 * @typedef {object} Runner
 * @property {string} name
 * @property {string} title
 * @property {number} port
 * @property {number | null} pid
 * @property {(message: object) => Promise<unknown>} [ask]
 * @property {Record<string, string>} headers
 * @property {string | null} broken Why it is not measured, or no longer.
 */

/** One turn's figures: CPU microseconds per unit, units a second, latency in milliseconds, peak memory in MiB. */
async function takeTurn(workload, runner, load) {
  if (canReadTrees && runner.pid !== null) resetPeak(runner.pid)
  const before = await usage(runner)
  const { units, seconds, p50, p99 } = await load.ask({ ask: 'load', ...toJob(workload, runner) })
  await delay(SETTLE_MS)
  const after = await usage(runner)
  const { stallMs = null, ...calm } =
    workload.calmMs === undefined ? { p50, p99 } : await takeLatency(workload, runner, load)
  return {
    cpuMicros: after === null ? null : (after.cpuMicros - before.cpuMicros) / units,
    mainMicros: after === null || after.mainMicros === null ? null : (after.mainMicros - before.mainMicros) / units,
    stallMs,
    rate: units / seconds,
    p50: calm.p50,
    p99: calm.p99,
    peakMib: after?.peakMib ?? null,
  }
}

function warmUp(workload, runner, load) {
  return load.ask({
    ...{ ask: 'load', ...toJob(workload, runner) },
    ...{ turnMs: MAX_WARM_UP_MS, maxUnits: workload.warmUpUnits },
  })
}

/** Latency under full load tells only how long the queue is: it is taken one request at a time. */
async function takeLatency(workload, runner, load) {
  await runner.ask?.({ ask: 'watch' })
  const latency = await load.ask({ ask: 'load', ...toJob(workload, runner), turnMs: workload.calmMs, concurrency: 1 })
  return { ...latency, stallMs: (await runner.ask?.({ ask: 'watched' })) ?? null }
}

function toJob({ script, events, bodyBytes, concurrency, turnMs, streams, rampMs }, { port, headers }) {
  return { script, events, bodyBytes, concurrency, turnMs, streams, rampMs, port, headers }
}

async function usage({ pid, ask }) {
  if (pid === null) return null
  return canReadTrees ? treeUsage(pid) : ask({ ask: 'usage' })
}

/**
 * Measures `workload` on every runner in turns after a warm-up that does not count.
 * @param {import('./workloads.mjs').Workload} workload
 * @param {readonly Runner[]} runners
 * @param {{ ask: (message: object) => Promise<any> }} load
 * @param {(text: string) => void} onProgress
 */
export async function measure(workload, runners, load, onProgress) {
  const turns = new Map(runners.map((runner) => [runner, []]))
  const broken = new Map(runners.flatMap((runner) => (runner.broken === null ? [] : [[runner, runner.broken]])))
  const firstRound = workload.warmUpUnits === undefined ? 1 : 0
  for (let round = firstRound; round <= workload.rounds; round++) {
    // Each round begins with another target: no one always comes after the same neighbour's noise.
    const shift = round % runners.length
    for (const runner of [...runners.slice(shift), ...runners.slice(0, shift)]) {
      if (broken.has(runner)) continue
      const when = round === 0 ? 'warm-up' : `round ${round} of ${workload.rounds}`
      onProgress(`${workload.name}: ${when}, ${runner.name}`)
      try {
        if (round === 0) await warmUp(workload, runner, load)
        else turns.get(runner).push(await takeTurn(workload, runner, load))
      } catch (error) {
        broken.set(runner, error.message)
      }
    }
  }
  const byName = Object.fromEntries(runners.map((runner) => [runner.name, turns.get(runner)]))
  return runners.map((runner) => ({
    name: runner.name,
    title: runner.title,
    ...(broken.has(runner)
      ? { broken: broken.get(runner) }
      : summarize(turns.get(runner), { direct: byName.direct, minimal: byName.minimal })),
  }))
}

/** Medians over the rounds. Ratios and differences are taken within each round first, then their median. */
function summarize(turns, { direct, minimal }) {
  const pick = (take) => {
    const values = turns.map(take).filter((value) => Number.isFinite(value))
    return values.length === 0 ? null : median(values)
  }
  return {
    cpuMicros: pick((turn) => turn.cpuMicros ?? Number.NaN),
    ratio: pick((turn, i) => (turn.cpuMicros ?? Number.NaN) / (minimal[i]?.cpuMicros ?? Number.NaN)),
    mainMicros: pick((turn) => turn.mainMicros ?? Number.NaN),
    stallMs: pick((turn) => turn.stallMs ?? Number.NaN),
    rate: pick((turn) => turn.rate),
    p50: pick((turn) => turn.p50),
    p99: pick((turn) => turn.p99),
    addedP50: pick((turn, i) => turn.p50 - (direct[i]?.p50 ?? Number.NaN)),
    addedP99: pick((turn, i) => turn.p99 - (direct[i]?.p99 ?? Number.NaN)),
    peakMib: turns[0].peakMib === null ? null : Math.max(...turns.map((turn) => turn.peakMib)),
    turns,
  }
}
