import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { memoryStorage, type RecordOptions } from '@agent-prompt-train/core'
import { afterEach, expect, it } from 'vitest'
import { openScene, read } from './support/recording-scene.js'

/** A writer that does not let go of the event loop between its tries holds it for ever, or for 5 s each time. */
const GUARD_MS = 1_000
/** Several tries. */
const WATCHED_MS = 2_500
/** More than one batch. */
const REQUESTS = 600

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'recording-'))
  folders.push(folder)
  return folder
}

it.each<[string, () => RecordOptions]>([
  ['without a spill', () => ({})],
  ['with a spill', () => ({ spillDir: newFolder() })],
  ['with a full spill', () => ({ spillDir: newFolder(), spillBytes: 2_000 })],
])(
  'a store that rejects at once does not hold up the event loop while batches wait, %s',
  async (_name, record) => {
    let away = true
    const scene = await openScene({
      answer: async (response, request) => {
        await request.body
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
      },
      store: {
        ...memoryStorage().exchanges,
        append: async () => {
          if (away) throw Object.assign(new Error('FAKE'), { code: 'ECONNREFUSED' })
        },
      },
      record: { bodies: false, ...record() },
    })
    for (let sent = 0; sent < REQUESTS; sent += 20) {
      await Promise.all(Array.from({ length: 20 }, async () => read(await scene.post('{}'))))
    }
    const delay = monitorEventLoopDelay({ resolution: 10 })
    delay.enable()
    await new Promise((resolve) => setTimeout(resolve, WATCHED_MS))
    delay.disable()
    const { queued, spilled, dropped, status } = scene.proxy.health().recorder!
    away = false
    await scene.close()
    expect([queued + spilled, dropped, status]).toEqual([REQUESTS, 0, 'away'])
    expect(delay.max / 1e6).toBeLessThan(GUARD_MS)
  },
  60_000,
)
