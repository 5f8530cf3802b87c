// Whether forwarding notices that the database is away, and what is stored of it afterwards.
//   npx tsx packages/storage-pg/bench/outage.ts [--seconds 60] [--rate 200]
// Exit code 1 unless every exchange is stored exactly once, with its bodies and in the daily sums.
import { parseArgs } from 'node:util'
import { prove } from '../test/outage-proof/prove.js'

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, rate: { type: 'string', default: '200' } },
})
const options = { seconds: Number(values.seconds), perSecond: Number(values.rate) }
console.log(`${options.perSecond} requests a second, ${options.seconds} s each\n`)
console.log('| database | requests | failed | p50 ms | p99 ms | longest ms | on disk at the end | all stored after |')
console.log('|---|---|---|---|---|---|---|---|')
const { verdict } = await prove(options, (phase) => {
  const { name, requests, failures, p50Ms, p99Ms, maxMs, spilled, settledAfterS } = phase
  const times = [p50Ms, p99Ms, maxMs].map((ms) => ms.toFixed(1)).join(' | ')
  console.log(`| ${name} | ${requests} | ${failures.length} | ${times} | ${spilled} | ${settledAfterS.toFixed(1)} s |`)
  for (const failure of new Set(failures)) console.error(failure)
})
console.log(`\n${JSON.stringify(verdict)}`)
const { answered, rows, missing, unknown, withoutContent, summed, dropped } = verdict
const isExact = rows === answered && summed === answered && missing + unknown + withoutContent + dropped === 0
process.exitCode = isExact ? 0 : 1
