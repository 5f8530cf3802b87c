import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startScriptedUpstream } from '../support/scripted-upstream.js'
import { headOf, open } from './client.js'

const MIB = 1024 * 1024
const ANSWER_BYTES = 200 * MIB

/** Starts `memory-process.mjs`. */
async function startProcess(host: string, upstream: string) {
  const child = fork(fileURLToPath(new URL('memory-process.mjs', import.meta.url)), [host, upstream])
  onTestFinished(() => void child.kill('SIGKILL'))
  const [{ port }] = (await once(child, 'message')) as [{ port: number }]
  return {
    origin: `http://127.0.0.1:${port}`,
    /** Resident set size. */
    async bytes(): Promise<number> {
      const told = once(child, 'message')
      child.send('bytes')
      const [{ bytes }] = (await told) as [{ bytes: number }]
      return bytes
    },
  }
}

/** An upstream that answers with as many bytes as the request says, and how far it is with the newest answer. */
async function startUpstream() {
  const piece = Buffer.alloc(MIB, 'an answer that goes on and on; ')
  const newest = { written: 0, waits: false }
  const { origin, close } = await startScriptedUpstream(async ({ body }, answer) => {
    const bytes = Number(body)
    newest.written = 0
    answer.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': bytes })
    for (; newest.written < bytes; newest.written += MIB) {
      if (answer.write(piece)) continue
      newest.waits = true
      await once(answer, 'drain')
      newest.waits = false
    }
    answer.end()
  })
  onTestFinished(close)
  return { origin, newest }
}

describe.each(['Express', 'Hono'])('memory over %s', (host) => {
  it('grows by less than 30 MB with an answer of 200 MB, whether the client reads or not', async () => {
    const { origin, newest } = await startUpstream()
    const proxy = await startProcess(host, origin)
    const start = (bytes: number) => headOf(open(proxy.origin, { body: String(bytes) }))
    // What code, compiled code and the first buffers take.
    for (let i = 0; i < 60; i++) for await (const _ of await start(MIB));
    const before = await proxy.bytes()
    let most = 0
    let watching = true
    onTestFinished(() => {
      watching = false
    })
    const watched = (async () => {
      for (; watching; await sleep(20)) most = Math.max(most, await proxy.bytes())
    })()

    const answer = await start(ANSWER_BYTES)
    answer.pause()
    let earlier = -1
    const stalled = () => {
      const still = newest.written === earlier && newest.waits
      earlier = newest.written
      return still
    }
    await expect.poll(stalled, { interval: 200, timeout: 10_000 }).toBe(true)
    const whileHeld = most - before
    for await (const _ of answer);
    watching = false
    await watched
    console.info(
      `${host}: ${toMb(before)} MB, +${toMb(whileHeld)} MB while the client does not read, +${toMb(most - before)} MB at most`,
    )
    expect(newest.written).toBe(ANSWER_BYTES)
    expect(most - before).toBeLessThan(30e6)
  })
})

function toMb(bytes: number): string {
  return (bytes / 1e6).toFixed(1)
}
