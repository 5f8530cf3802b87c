/**
 * Whether the time of a refusal tells why: Welch's t between an unknown key id, a wrong secret for a known id, and a
 * right key, each asked over and over as an attacker would. |t| below 4.5 is the usual threshold for "no leak seen".
 * Run: npx tsx scripts/auth-timing.ts [samples of each]
 */
import { clientKeyAuthentication } from '../packages/core/src/auth/authenticate.js'
import { createClientKey } from '../packages/core/src/client-key.js'
import { systemClock } from '../packages/core/src/clock.js'
import type { InboundRequest } from '../packages/core/src/mountable.js'
import { memoryStorage } from '../packages/core/src/storage/memory.js'

const SAMPLES = Number(process.argv[2] ?? 10_000)
const WARM_UP = 20_000
/** The slowest hundredth is the machine's doing: collections, other processes. */
const KEPT = 0.99

const [unknown, wrong, right, other] = Array.from({ length: 4 }, () => createClientKey({ domain: 'example.com' }))
const { clientKeys } = memoryStorage({
  clientKeys: [{ ...wrong!.record, digest: other!.record.digest }, { ...right!.record }],
})
const authenticate = clientKeyAuthentication([clientKeys], systemClock)
const classes = [
  { name: 'unknown id', key: unknown!.key, times: [] as number[] },
  { name: 'wrong secret', key: wrong!.key, times: [] as number[] },
  { name: 'right key', key: right!.key, times: [] as number[] },
]
for (const { key, name } of classes) {
  const identity = await authenticate(toRequest(key))
  if ((identity !== null) !== (name === 'right key')) throw new Error(`${name}: judged wrongly`)
}

for (let i = -WARM_UP; i < SAMPLES * classes.length; i++) {
  const { key, times } = classes[Math.floor(Math.random() * classes.length)]!
  const request = toRequest(key)
  const startedAt = process.hrtime.bigint()
  await authenticate(request)
  const took = Number(process.hrtime.bigint() - startedAt)
  if (i >= 0) times.push(took)
}

const measured = classes.map(({ name, times }) => {
  const kept = times.toSorted((a, b) => a - b).slice(0, Math.floor(times.length * KEPT))
  const mean = kept.reduce((sum, value) => sum + value, 0) / kept.length
  const variance = kept.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (kept.length - 1)
  console.log(`${name}: ${kept.length} samples, mean ${mean.toFixed(0)} ns`)
  return { name, mean, error: variance / kept.length }
})
for (const [a, b] of [
  [0, 1],
  [1, 2],
] as const) {
  const [one, two] = [measured[a]!, measured[b]!]
  const t = (one.mean - two.mean) / Math.sqrt(one.error + two.error)
  console.log(`t, ${one.name} and ${two.name}: ${t.toFixed(2)}`)
}

function toRequest(key: string): InboundRequest {
  return { rawHeaders: ['x-api-key', key] } as unknown as InboundRequest
}
