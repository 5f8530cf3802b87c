import { monitorEventLoopDelay } from 'node:perf_hooks'
import { expect, it } from 'vitest'
import { idOf, openScene, read } from './support/recording-scene.js'

/** The goal is 20 ms on a machine of its own; on one that others use, what takes longer is mostly theirs. */
const GUARD_MS = 200

it('recording 8 MB requests does not hold up the event loop', async () => {
  const body = JSON.stringify({
    messages: Array.from({ length: 800 }, (_, i) => ({
      role: 'user',
      content: `${i} ${'lorem ipsum dolor '.repeat(580)}`,
    })),
  })
  const measure = async (recording: boolean) => {
    const scene = await openScene({
      answer: async (response, request) => {
        await request.body
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
      },
      record: { bodies: recording },
    })
    const send = async () => {
      const answer = await scene.post(body)
      await read(answer)
      return idOf(answer)
    }
    await scene.recorded(await send())
    const delay = monitorEventLoopDelay({ resolution: 1 })
    delay.enable()
    for (let i = 0; i < 5; i++) {
      const id = await send()
      await scene.exchanges.find(id)
      await new Promise((resolve) => setTimeout(resolve, 500))
    }
    delay.disable()
    await scene.close()
    return delay.max / 1e6
  }
  const without = await measure(false)
  const withBodies = await measure(true)
  console.info(
    `${(body.length / 1e6).toFixed(1)} MB requests, longest stall: ${without.toFixed(1)} ms without bodies, ` +
      `${withBodies.toFixed(1)} ms with (the client and the upstream in the same thread)`,
  )
  expect(withBodies).toBeLessThan(without + GUARD_MS)
}, 60_000)
