import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { systemClock } from '../clock.js'
import { openExchange } from '../exchange.js'
import { silentLogger } from '../logger.js'
import { memoryExchanges } from '../storage/memory-exchanges.js'
import { type BodyEncoder, createRecorder } from './recorder.js'
import type { Spill } from './spill.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A recorder whose encoder takes a second, and whose spill may hold a file that is damaged. */
function open() {
  const remembered: string[] = []
  const state = { damaged: 0 }
  const nothing = { content: null, modelAsked: null, links: null, estimatedOutputTokens: null }
  const encoder: BodyEncoder = {
    encode: (batch) => new Promise((resolve) => setTimeout(() => resolve(batch.map(() => nothing)), 1000)),
    remember: ({ requestId }) => remembered.push(requestId),
    forget: () => remembered.splice(0),
    close: async () => {},
  }
  const spill: Spill = {
    get waiting() {
      return state.damaged
    },
    records: 0,
    write: async () => false,
    oldest: async () => ({
      records: [],
      damaged: state.damaged,
      async done() {
        state.damaged = 0
      },
    }),
    adopt: async () => {},
    close: async () => {},
  }
  const recorder = createRecorder({
    ...{ store: memoryExchanges(10), encoder, spill, maxBodyBytes: 1000, clock: systemClock, logger: silentLogger },
    retention: { recordsMs: null, bodiesMs: null },
    price: () => null,
    raise: () => {},
  })
  return {
    remembered,
    state,
    record() {
      const exchange = openExchange({ method: 'POST', path: '/v1/messages' }, systemClock)
      exchange.domain = 'example.com'
      const draft = recorder.open(exchange, [])
      draft.request.push(Buffer.from('{}'))
      recorder.record(draft)
      return exchange.requestId
    },
  }
}

it('takes what it records for stored', async () => {
  const { remembered, record } = open()
  const id = record()
  await vi.advanceTimersByTimeAsync(2000)
  expect(remembered).toEqual([id])
})

it('does not take for stored what was being encoded when something before it was lost', async () => {
  const { remembered, state, record } = open()
  await vi.advanceTimersByTimeAsync(29_500)
  record()
  state.damaged = 1
  await vi.advanceTimersByTimeAsync(2000)
  expect(state.damaged).toBe(0)
  expect(remembered).toEqual([])
  const next = record()
  await vi.advanceTimersByTimeAsync(2000)
  expect(remembered).toEqual([next])
})
