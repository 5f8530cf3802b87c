import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { RecorderHealth } from '@agent-prompt-train/core'
import { migrate } from '@agent-prompt-train/storage-pg'
import { query } from '../support/databases.js'
import { startPostgres } from '../support/postgres-server.js'
import { sendLoad } from './load.js'
import { outages } from './outages.js'

const PROXY = fileURLToPath(new URL('proxy.mjs', import.meta.url))
const ANSWER = JSON.stringify({
  type: 'message',
  role: 'assistant',
  model: 'claude-opus-5-5',
  content: [{ type: 'text', text: 'Done.' }],
  stop_reason: 'end_turn',
  usage: { input_tokens: 200, output_tokens: 3 },
})
/** What is back must have everything within this time. */
const SETTLED_WITHIN_MS = 120_000

/** One load, and how recording stood after it. */
export interface Phase {
  readonly name: string
  readonly requests: number
  readonly failures: readonly string[]
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
  /** Records that waited on disk when the load ended. */
  readonly spilled: number
  /** Seconds from the database's return until all was stored. */
  readonly settledAfterS: number
}

/** What the database holds in the end, against what was answered. */
export interface Verdict {
  readonly answered: number
  readonly rows: number
  readonly missing: number
  /** Stored, and never answered. */
  readonly unknown: number
  /** Records that lack their bodies. */
  readonly withoutContent: number
  /** Requests by the daily sums. */
  readonly summed: number
  readonly dropped: number
}

/** Serves so many requests a second while the database is well, through each outage for as long, and well again. */
export async function prove(
  options: { readonly seconds: number; readonly perSecond: number },
  onPhase: (phase: Phase) => void = () => {},
): Promise<{ readonly phases: readonly Phase[]; readonly verdict: Verdict }> {
  const folder = mkdtempSync(join(tmpdir(), 'outage-proof-'))
  const upstream = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end(ANSWER))
  }).listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  const server = await startPostgres()
  await migrate({ connectionString: server.url })
  const origin = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`
  const proxy = fork(PROXY, [server.url, origin, join(folder, 'spill')])
  const told = async <Message>() => (await once(proxy, 'message'))[0] as Message
  const ask = (question: 'health' | 'close') => {
    proxy.send(question)
    return told<RecorderHealth>()
  }

  async function settled(): Promise<number> {
    const begun = performance.now()
    while (performance.now() - begun < SETTLED_WITHIN_MS) {
      const { status, queued, spilled } = await ask('health')
      if (status === 'ok' && queued === 0 && spilled === 0) break
      await sleep(100)
    }
    return (performance.now() - begun) / 1000
  }

  try {
    const { port, key } = await told<{ port: number; key: string }>()
    const ids: string[] = []
    const phases: Phase[] = []
    const load = (seconds: number) => sendLoad({ port, key, perSecond: options.perSecond, seconds })
    // What a process does for the first time takes longer, whatever the database does.
    ids.push(...(await load(Math.min(options.seconds, 5))).ids)
    for (const [name, outage] of [['well', null], ...Object.entries(outages), ['well again', null]] as const) {
      await outage?.begin(server)
      const result = await load(options.seconds)
      const { spilled } = await ask('health')
      await outage?.end(server)
      ids.push(...result.ids)
      const phase = { name, ...toFigures(result), spilled, settledAfterS: await settled() }
      phases.push(phase)
      onPhase(phase)
    }
    const { dropped } = await ask('close')
    return { phases, verdict: { ...(await compare(server.url, ids)), dropped } }
  } finally {
    proxy.kill('SIGKILL')
    await server.stop()
    upstream.close()
    upstream.closeAllConnections()
    rmSync(folder, { recursive: true, force: true })
  }
}

function toFigures({ latencies, failures }: Awaited<ReturnType<typeof sendLoad>>) {
  const at = (share: number) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0
  return { requests: latencies.length, failures, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) }
}

async function compare(url: string, answered: readonly string[]): Promise<Omit<Verdict, 'dropped'>> {
  const rows = await query<{ requestId: string; hasContent: boolean }>(
    url,
    `select e.request_id as "requestId", c.request is not null as "hasContent"
    from prompt_train.exchanges e left join prompt_train.contents c using (request_id, domain)`,
  )
  const [sum] = await query<{ requests: string }>(
    url,
    'select coalesce(sum(requests), 0) as requests from prompt_train.usage_daily',
  )
  const stored = new Set(rows.map(({ requestId }) => requestId))
  const known = new Set(answered)
  return {
    answered: known.size,
    rows: rows.length,
    missing: answered.filter((id) => !stored.has(id)).length,
    unknown: rows.filter(({ requestId }) => !known.has(requestId)).length,
    withoutContent: rows.filter(({ hasContent }) => !hasContent).length,
    summed: Number(sum!.requests),
  }
}
