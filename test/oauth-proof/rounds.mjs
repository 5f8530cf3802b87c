// What happens in one round of the proof: the token expires, or nearly, and a fault falls on the processes that share it.
import { setTimeout as sleep } from 'node:timers/promises'

const DOMAIN = 'example.com'

/**
 * The kinds of round, by name. `weight` is how often; `at` is where the clock is set, in milliseconds before the expiry
 * of the stored token; `act` runs beside the burst of requests. `mayLose`: the process that was granted the new pair may
 * die with it, and then exactly that must come to light. `over`: the only store that has the fault.
 */
export const rounds = {
  expiry: { weight: 60, at: -1000 },
  'expiry, a random process is killed': {
    weight: 12,
    at: -1000,
    mayLose: true,
    async act({ pick, random }) {
      const victim = pick()
      await sleep(random() * 40)
      victim.kill('SIGKILL')
      await victim.ended
    },
  },
  'expiry, the refreshing process is killed between answer and storing': {
    weight: 6,
    at: -1000,
    faults: { killAfterGrant: true },
    mayLose: true,
    mustLose: true,
  },
  'expiry, a random process stands still for up to 2 s': {
    weight: 6,
    at: -1000,
    async act({ pick, random }) {
      const victim = pick()
      await sleep(random() * 40)
      victim.kill('SIGSTOP')
      await sleep(200 + random() * 1800)
      victim.kill('SIGCONT')
    },
  },
  'before expiry, a random process stands still for 6 to 8 s': {
    weight: 2,
    at: 75_000,
    async act({ pick, random }) {
      const victim = pick()
      await sleep(random() * 25)
      victim.kill('SIGSTOP')
      await sleep(6000 + random() * 2000)
      victim.kill('SIGCONT')
    },
  },
  'before expiry, every process stands still for 6 to 8 s in turn of its refresh': {
    weight: 1,
    at: 75_000,
    delayMs: 300,
    async act({ workers, asked, random }) {
      await Promise.race([asked, sleep(20_000)])
      await sleep(random() * 100)
      for (const worker of workers) worker.kill('SIGSTOP')
      await sleep(6000 + random() * 2000)
      for (const worker of workers) worker.kill('SIGCONT')
    },
  },
  'before expiry, the new pair cannot be stored twice': {
    weight: 6,
    at: 75_000,
    faults: { failPersists: 2 },
    alerts: ['credential_not_stored'],
  },
  'before expiry, the disk is full; it is still full at expiry; then it is not': {
    weight: 2,
    at: 75_000,
    faults: { full: 'pairs' },
    alerts: ['credential_not_stored'],
    async act({ pool, move }) {
      await sleep(500)
      move(50_000)
      await pool.order({ set: { offset: pool.offset, faults: { full: 'everything' } }, requests: 20 })
      await sleep(500)
      await pool.order({ set: { faults: { full: 'no' } }, requests: 20 })
    },
  },
  'before expiry, the endpoint hangs for 3 s': { weight: 4, at: 75_000, delayMs: 3000, slowestMs: 2000 },
  'before expiry, every connection to the database is cut': {
    weight: 6,
    over: 'postgres',
    at: 75_000,
    async act({ place, random }) {
      await sleep(random() * 60)
      await place.faults.cutConnections()
    },
  },
  'before expiry, the database fails over': {
    weight: 3,
    over: 'postgres',
    at: 75_000,
    async act({ place, random }) {
      await sleep(random() * 60)
      await place.faults.failOver()
    },
  },
}

/** Plays one round, and gives what came of it for the judge. */
export async function playRound(round, { pool, server, store, place, requests, random }) {
  const before = await store.find(DOMAIN)
  const historyAt = server.history.length
  const move = (ms) => pool.setOffset(pool.offset + ms)
  pool.setOffset(before.expiresAt - round.at - Date.now())
  const asked = new Promise((resolve) => {
    server.behaviour.delayMs = () => {
      resolve()
      return round.delayMs ?? 2 + random() * 18
    }
  })
  const { workers } = pool
  const pick = () => workers[Math.floor(random() * workers.length)]
  const startedAt = performance.now()
  const burst = pool.order({ set: { offset: pool.offset, faults: round.faults ?? {} }, requests })
  await round.act?.({ pool, pick, place, asked, workers: [...workers], random, move })
  const results = await burst
  const burstMs = performance.now() - startedAt
  const names = workers.map(({ name }) => name)
  const after = await waitForEnd(store, before)
  const ended = await Promise.all(workers.map((worker) => Promise.race([worker.ended, sleep(20, null)])))
  const alerts = await pool.order({ set: { faults: { killAfterGrant: false, failPersists: 0, full: 'no' } } })
  return {
    before,
    after,
    burstMs,
    results,
    killed: names.filter((_, i) => ended[i] !== null),
    alerts: [...results, ...alerts].flatMap((result) => result?.alerts ?? []),
    lines: [...results, ...alerts].flatMap((result) => result?.lines ?? []),
    history: server.history.slice(historyAt),
  }
}

/** The stored credential once it is another pair or its login is known to be lost, within 20 s. */
async function waitForEnd(store, before) {
  for (let i = 0; i < 400; i++) {
    const now = await store.find(DOMAIN)
    const isNew = now.accessToken.expose() !== before.accessToken.expose() && now.refresh.intent === null
    if (isNew || now.refresh.failure?.permanent) return now
    await sleep(50)
  }
  return await store.find(DOMAIN)
}
