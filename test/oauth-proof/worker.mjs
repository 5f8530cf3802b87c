// One serving process: a proxy over the shared store, whose clock and faults the parent moves, and which sends bursts of
// requests when told to. node worker.mjs <store> <place> <tokenUrl> <name> <clock offset>
import { allowAnyone, createProxy } from '@agent-prompt-train/core'
import { faultyStore } from './faulty-store.mjs'
import { stores } from './stores.mjs'

const [storeName, place, tokenUrl, name, startOffset] = process.argv.slice(2)
const { open } = await stores[storeName]()
let offset = Number(startOffset)
const faults = { killAfterGrant: false, failPersists: 0, full: 'no' }
const alerts = []
const lines = []
const note = (facts, message) => void lines.push(`${message} ${JSON.stringify(facts)}`)
const used = new Map()

/** Answers every request at once and notes the token that came with it. */
const upstream = {
  dispatch({ headers }, handler) {
    const token = headers[headers.indexOf('authorization') + 1].replace('Bearer ', '')
    used.set(token, (used.get(token) ?? 0) + 1)
    const controller = { rawHeaders: [], pause() {}, resume() {}, abort() {} }
    handler.onRequestStart(controller, {})
    handler.onResponseStart(controller, 200, {})
    handler.onResponseEnd(controller, {})
    return true
  },
}

const proxy = createProxy({
  credentials: faultyStore(open(place), faults),
  authenticate: allowAnyone('example.com'),
  oauth: { tokenUrl, clientId: name, allowSubscriptionOAuth: true },
  alerts: [{ send: ({ kind }) => void alerts.push(kind) }],
  dispatcher: upstream,
  logger: { debug() {}, info() {}, warn: note, error: note },
  clock: { now: () => Date.now() + offset, monotonic: () => performance.now() + offset },
})

/** One request; gives the status and the milliseconds it took. */
async function request() {
  const startedAt = performance.now()
  let status = 0
  await proxy.handle(
    {
      method: 'GET',
      path: '/v1/models',
      mountPath: '',
      rawHeaders: ['host', 'localhost'],
      headers: { host: 'localhost' },
      body: null,
      remoteAddress: '127.0.0.1',
      hostRequest: null,
    },
    {
      headersSent: false,
      closed: false,
      writeHead: (given) => (status = given),
      flushHeaders() {},
      write: () => true,
      end: (text) => {
        if (status !== 200) lines.push(`answered ${JSON.parse(text).error.message}`)
      },
      destroy() {},
      on() {},
    },
  )
  return { status, ms: performance.now() - startedAt }
}

async function burst(requests) {
  used.clear()
  const answers = await Promise.all(Array.from({ length: requests }, request))
  const statuses = {}
  for (const { status } of answers) statuses[status] = (statuses[status] ?? 0) + 1
  return { statuses, used: Object.fromEntries(used), slowestMs: Math.max(...answers.map(({ ms }) => ms)) }
}

process.on('message', async ({ id, set = {}, requests = 0, isLast = false }) => {
  if (set.offset !== undefined) offset = set.offset
  Object.assign(faults, set.faults)
  const result = requests > 0 ? await burst(requests) : {}
  if (isLast) await proxy.close()
  process.send({ id, ...result, alerts: alerts.splice(0), lines: lines.splice(0) })
  if (isLast) process.disconnect()
})
process.send({ ready: true })
