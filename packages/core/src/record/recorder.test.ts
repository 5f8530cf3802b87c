import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { newRecord } from '../../test/support/new-record.js'
import { systemClock } from '../clock.js'
import { openExchange } from '../exchange.js'
import { silentLogger } from '../logger.js'
import type { ExchangeRecord } from '../storage/exchange-store.js'
import { memoryExchanges } from '../storage/memory-exchanges.js'
import { type BodyEncoder, createRecorder } from './recorder.js'
import type { Spill } from './spill.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A recorder whose encoder takes a second, whose spill may hold a file that is damaged, and whose store may tell of gaps. */
function open() {
  const remembered: string[] = []
  const state = { damaged: 0, spilled: [] as ExchangeRecord[], incomplete: [] as string[], forgotten: 0 }
  const store = memoryExchanges(10)
  const nothing = { content: null, modelAsked: null, links: null, estimatedOutputTokens: null }
  const encoder: BodyEncoder = {
    encode: (batch) => new Promise((resolve) => setTimeout(() => resolve(batch.map(() => nothing)), 1000)),
    remember: ({ requestId }) => remembered.push(requestId),
    forget() {
      remembered.splice(0)
      state.forgotten += 1
    },
    close: async () => {},
  }
  const spill: Spill = {
    get waiting() {
      return state.damaged + state.spilled.length
    },
    records: 0,
    write: async () => false,
    oldest: async () => ({
      records: state.spilled,
      damaged: state.damaged,
      async done() {
        state.damaged = 0
        state.spilled = []
      },
    }),
    adopt: async () => {},
    close: async () => {},
  }
  const recorder = createRecorder({
    ...{ encoder, spill, maxBodyBytes: 1000, clock: systemClock, logger: silentLogger },
    store: {
      ...store,
      async append(records) {
        await store.append(records)
        return { incomplete: state.incomplete }
      },
    },
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

it('takes nothing for stored any more once the store tells of a gap, nor what was being encoded then', async () => {
  const { remembered, state, record } = open()
  const first = record()
  await vi.advanceTimersByTimeAsync(1100)
  expect(remembered).toEqual([first])
  const meanwhile = record()
  state.incomplete = [first]
  await vi.advanceTimersByTimeAsync(500)
  expect(remembered).toEqual([])
  state.incomplete = [meanwhile]
  await vi.advanceTimersByTimeAsync(2000)
  expect(remembered).toEqual([])
  expect(state.forgotten).toBe(1)
  const next = record()
  state.incomplete = []
  await vi.advanceTimersByTimeAsync(2000)
  expect(remembered).toEqual([next])
})

it('forgets again, not more than every ten seconds, for a gap of what began after it forgot, and not for those of what a spill brings from before', async () => {
  const { remembered, state, record } = open()
  const first = record()
  await vi.advanceTimersByTimeAsync(2000)
  state.spilled = [newRecord('spilled', { startedAt: Date.now() - 60_000 })]
  state.incomplete = ['spilled']
  await vi.advanceTimersByTimeAsync(30_000)
  expect(state.spilled).toEqual([])
  expect(remembered).toEqual([first])
  for (const [waitMs, forgotten] of [
    [0, 1],
    [0, 1],
    [10_000, 2],
  ] as const) {
    await vi.advanceTimersByTimeAsync(waitMs)
    state.incomplete = [record(), 'spilled']
    await vi.advanceTimersByTimeAsync(2000)
    expect(state.forgotten).toBe(forgotten)
  }
})
