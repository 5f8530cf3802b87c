// The proof, as one command: node test/oauth-proof/prove.mjs [--expiries 2000] [--processes 8] [--requests 500]
//   [--store file] [--seed 1] [--only "part of a round's name"]; `--store postgres` takes the database of DATABASE_URL.
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { neverRefreshed, Secret } from '@agent-prompt-train/core'
import { judge } from './judge.mjs'
import { startPool } from './pool.mjs'
import { playRound, rounds } from './rounds.mjs'
import { stores } from './stores.mjs'
import { startTokenServer } from './token-server.mjs'

const DOMAIN = 'example.com'

/**
 * Plays `plan`, names of rounds, and gives what was wrong with them.
 * @param {{ plan: readonly string[], processes: number, requests: number, store: string, seed: number, onRound?: (report: object) => void }} settings
 */
export async function prove({ plan, processes, requests, store: storeName, seed, onRound = () => {} }) {
  const random = seeded(seed)
  const { prepare, open } = await stores[storeName]()
  const place = await prepare(DOMAIN)
  const server = await startTokenServer()
  const store = open(place.name)
  const logIn = (offset) => store.update(DOMAIN, () => toCredential(server.login(), Date.now() + offset))
  await logIn(0)
  const pool = await startPool({ size: processes, args: [storeName, place.name, server.url] })
  const summary = { rounds: 0, refreshes: 0, reuses: 0, losses: 0, kills: 0, wrong: [] }
  try {
    for (const name of plan) {
      const round = rounds[name]
      // The clock leaps over the hour in which every process would have read what the last round stored.
      if (round.over !== undefined) await shown(store, pool)
      const outcome = await playRound(round, { pool, server, store, place, requests, random })
      const verdict = judge(round, outcome)
      summary.rounds++
      summary.refreshes += outcome.history.filter(({ kind }) => kind === 'granted').length
      if (!verdict.isLost) summary.reuses += outcome.history.filter(({ kind }) => kind !== 'granted').length
      summary.losses += Number(verdict.isLost)
      summary.kills += outcome.killed.length
      summary.wrong.push(...verdict.wrong.map((sentence) => `round ${summary.rounds}, ${name}: ${sentence}`))
      onRound({ name, ...verdict, burstMs: outcome.burstMs, summary })
      if (verdict.isLost) await logIn(pool.offset)
      await pool.replaceEnded()
      if (verdict.isLost) await shown(store, pool)
    }
  } finally {
    await pool.close()
    await store.close()
    server.close()
    await place.remove()
  }
  return summary
}

/** The kinds of round that can be played over a store. */
export function roundsOver(store) {
  return Object.keys(rounds).filter((name) => (rounds[name].over ?? store) === store)
}

/** Chooses `count` rounds by their weights. */
function planRounds(count, { seed, only, store }) {
  const random = seeded(seed + 1)
  const names = roundsOver(store).filter((name) => name.includes(only))
  const lots = names.flatMap((name) => Array(rounds[name].weight).fill(name))
  return Array.from({ length: count }, () => lots[Math.floor(random() * lots.length)])
}

/** Waits until what is stored shows in every process: they read it within 5 s. */
async function shown(store, pool) {
  const token = (await store.find(DOMAIN)).accessToken.expose()
  for (let i = 0; i < 100; i++) {
    const seen = await pool.order({ set: { offset: pool.offset }, requests: 1 })
    if (seen.every((result) => result?.used?.[token] === 1)) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

function toCredential({ accessToken, refreshToken }, now) {
  return {
    type: 'oauth',
    accessToken: new Secret(accessToken),
    refreshToken: new Secret(refreshToken),
    expiresAt: now + 3_600_000,
    refresh: { ...neverRefreshed, refreshedAt: now },
  }
}

/** Mulberry32: the same rounds for the same seed. */
function seeded(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

async function main() {
  const { values } = parseArgs({
    options: {
      expiries: { type: 'string', default: '2000' },
      processes: { type: 'string', default: '8' },
      requests: { type: 'string', default: '500' },
      store: { type: 'string', default: 'file' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      only: { type: 'string', default: '' },
    },
  })
  const seed = Number(values.seed)
  const plan = planRounds(Number(values.expiries), { ...values, seed })
  const startedAt = Date.now()
  const slowest = []
  process.stdout.write(
    `${plan.length} expiries, ${values.processes} processes, ${values.requests} requests each, store ${values.store}, seed ${seed}\n`,
  )
  const summary = await prove({
    plan,
    processes: Number(values.processes),
    requests: Number(values.requests),
    store: values.store,
    seed,
    onRound({ name, wrong, slowestMs, summary: { rounds: done, refreshes, losses, kills } }) {
      if (name === 'expiry') slowest.push(slowestMs)
      for (const sentence of wrong) process.stdout.write(`WRONG in round ${done} (${name}): ${sentence}\n`)
      if (done % 50 === 0 || done === plan.length) {
        const seconds = Math.round((Date.now() - startedAt) / 1000)
        process.stdout.write(
          `${done} expiries in ${seconds} s: ${refreshes} refreshes, ${kills} processes killed, ${losses} pairs died with them and came to light\n`,
        )
      }
    },
  })
  slowest.sort((a, b) => a - b)
  const at = (share) => Math.round(slowest[Math.min(slowest.length - 1, Math.floor(slowest.length * share))] ?? 0)
  process.stdout.write(
    `${JSON.stringify({ ...summary, wrong: summary.wrong.length, slowestRequestMs: { p50: at(0.5), p99: at(0.99) } })}\n`,
  )
  process.exitCode = summary.wrong.length === 0 ? 0 : 1
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main()
