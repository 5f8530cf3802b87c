// The side-by-side benchmark: `npm run bench`, options after `--`.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { canReadTrees } from './cpu.mjs'
import { measure } from './measure.mjs'
import { UPSTREAM_KEY } from './messages.mjs'
import { readOptions } from './options.mjs'
import { planCores, startProcess, stopProcesses } from './processes.mjs'
import { toText } from './report.mjs'
import { allTargets } from './targets.mjs'
import { toQuick, workloads } from './workloads.mjs'

const options = readOptions(process.argv.slice(2))
const logFolder = mkdtempSync(join(tmpdir(), 'prompt-train-bench-'))
process.on('exit', () => {
  stopProcesses()
  rmSync(logFolder, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1))

const { createClientKey } = await import('@agent-prompt-train/core').catch(() => {
  process.stderr.write('The packages are not built: run `npm ci` and `npm run build` first.\n')
  process.exit(1)
})

const cores = planCores()
const clientKey = createClientKey({ domain: 'example.com' })
const upstream = await startProcess({ program: 'upstream.mjs', cores: cores?.feeders })
const load = await startProcess({ program: 'load.mjs', cores: cores?.feeders })
const chosen = allTargets({ upstreamPort: upstream.port }).filter(({ name }) => options.targets.includes(name))
const runners = []
for (const target of chosen) runners.push(await start(target))

const results = []
for (const workload of workloads.filter(({ name }) => options.workloads.includes(name))) {
  const sized = options.quick ? toQuick(workload) : workload
  const wanted = { ...sized, rounds: options.rounds ?? sized.rounds }
  results.push({ workload: wanted, rows: await measure(wanted, runners, load, showProgress) })
}
showProgress('')

const report = { machine: describeMachine(), quick: options.quick, results }
process.stdout.write(`${toText(report)}\n`)
if (options.jsonFile !== null) writeFileSync(options.jsonFile, `${JSON.stringify(report, null, 2)}\n`)
const anyBroken = results.some(({ rows }) => rows.some(({ broken }) => broken !== undefined))
process.exit(anyBroken ? 1 : 0)

/** A target that cannot be started is reported as broken. */
async function start({ name, title, program, key, headers = {} }) {
  showProgress(`starting ${name}`)
  const runner = {
    name,
    title,
    headers: { 'x-api-key': key === 'client' ? clientKey.key : UPSTREAM_KEY, ...headers },
    broken: null,
  }
  if (program === null) return { ...runner, port: upstream.port, pid: null }
  try {
    const env = {
      UPSTREAM: `http://127.0.0.1:${upstream.port}`,
      CLIENT_KEY_RECORD: JSON.stringify(clientKey.record),
    }
    const logFile = join(logFolder, `${name}.log`)
    return { ...runner, ...(await startProcess({ program, env, cores: cores?.proxies, logFile })) }
  } catch (error) {
    return { ...runner, port: 0, pid: null, broken: error.message }
  }
}

function describeMachine() {
  return {
    node: process.versions.node,
    undici: createRequire(import.meta.url)('undici/package.json').version,
    platform: `${process.platform} ${process.arch}`,
    cpus: availableParallelism(),
    pinned: cores,
    cpuSource: canReadTrees ? "the scheduler's counters" : 'process.cpuUsage() of each target',
  }
}

function showProgress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
  else if (text !== '') process.stderr.write(`${text}\n`)
}
