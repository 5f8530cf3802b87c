import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { newRecord } from '../../test/support/new-record.js'
import { ConfigurationError, StorageError } from '../errors.js'
import type { ExchangeRecord, ExchangeStore, StoredContent } from '../storage/exchange-store.js'
import { memoryExchanges } from '../storage/memory-exchanges.js'
import type { Spill } from './spill.js'
import { ExchangeWriter } from './writer.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Goes on a millisecond with each reading: a loop that only reads it comes to an end, and is seen. */
let readings = 0
const clock = { now: () => Date.now(), monotonic: () => Date.now() + readings++ }

/** A memory store that can be broken, and tells in which order it took what. */
function openStore() {
  const store = memoryExchanges(100_000)
  const taken: string[] = []
  const state: { append: 'works' | 'rejects' | 'hangs'; refuses: (record: ExchangeRecord) => boolean; error: Error } = {
    append: 'works',
    refuses: () => false,
    error: Object.assign(new Error('FAKE'), { code: 'away' }),
  }
  let calls = 0
  return {
    taken,
    state,
    get calls() {
      return calls
    },
    store: {
      ...store,
      async append(records) {
        calls += 1
        if (state.append === 'hangs') return new Promise<void>(() => {})
        if (state.append === 'rejects' || records.some(state.refuses)) throw state.error
        taken.push(...records.map(({ requestId }) => requestId))
        await store.append(records)
      },
    } satisfies ExchangeStore,
  }
}

/** A spill in memory that takes so many batches. */
function openMemorySpill(cap = Number.POSITIVE_INFINITY) {
  const batches: (readonly ExchangeRecord[])[] = []
  const state: { error: Error | null } = { error: null }
  return {
    state,
    get waiting() {
      return batches.length
    },
    get records() {
      return batches.flat().length
    },
    async write(records) {
      if (batches.length >= cap) return false
      batches.push(records)
      return true
    },
    async oldest() {
      if (state.error !== null) throw state.error
      const records = batches[0]
      return records === undefined ? null : { records, damaged: 0, done: async () => void batches.shift() }
    },
    async adopt() {},
    async close() {},
  } satisfies Spill & { state: object }
}

function openWriter(
  store: ExchangeStore,
  spill: Spill | null,
  retention = { recordsMs: null, bodiesMs: null } as { recordsMs: number | null; bodiesMs: number | null },
) {
  const lost: [number, string, boolean][] = []
  const away: boolean[] = []
  const writer = new ExchangeWriter({
    store,
    spill,
    clock,
    retention,
    onLost: (...loss) => lost.push(loss),
    onAway: (is) => void (is !== away.at(-1) && away.push(is)),
  })
  return { writer, lost, away }
}

/** Lets time pass; without any, whatever does not wait for it comes to its end. */
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)

async function close(writer: ExchangeWriter, limitMs: number): Promise<void> {
  const closed = writer.close(limitMs)
  await pass(limitMs)
  await closed
}

const ids = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => `r${String(from + i).padStart(5, '0')}`)

describe('ExchangeWriter', () => {
  it('writes in order and in batches', async () => {
    const backend = openStore()
    const { writer } = openWriter(backend.store, null)
    for (const id of ids(1200)) writer.add(newRecord(id))
    await close(writer, 5000)
    expect(backend.taken).toEqual(ids(1200))
    expect([writer.dropped, backend.calls]).toEqual([0, 3])
  })

  it.each([false, true])(
    'keeps what a store rejects until it takes it again, in order and once (spill: %s)',
    async (spills) => {
      const { store, taken, state } = openStore()
      const spill = spills ? openMemorySpill() : null
      const { writer, away, lost } = openWriter(store, spill)
      state.append = 'rejects'
      for (const id of ids(300)) writer.add(newRecord(id))
      await pass(300)
      expect([writer.away, writer.queued, spill?.records ?? 300]).toEqual([true, spills ? 0 : 300, 300])
      for (const id of ids(100, 300)) writer.add(newRecord(id))
      state.append = 'works'
      await pass(1000)
      expect(taken).toEqual(ids(400))
      for (const id of ids(10, 400)) writer.add(newRecord(id))
      await close(writer, 5000)
      expect(taken).toEqual(ids(410))
      expect(away).toEqual([true, false])
      expect([writer.dropped, lost, spill?.records ?? 0]).toEqual([0, [], 0])
    },
  )

  it.each([
    ['without a spill', () => null],
    ['with a spill', () => openMemorySpill()],
    ['with a full spill', () => openMemorySpill(1)],
    ['with a spill that takes nothing', () => openMemorySpill(0)],
  ])('waits for time to pass between its tries while whole batches wait, %s', async (_name, open) => {
    const { store } = openStore()
    let calls = 0
    const rejecting: ExchangeStore = {
      ...store,
      async append(records) {
        calls += 1
        // Not for ever: a writer that spins would never let this test end.
        if (calls <= 20) throw Object.assign(new Error('FAKE'), { code: 'away' })
        await store.append(records)
      },
    }
    const { writer } = openWriter(rejecting, open())
    for (const id of ids(1200)) writer.add(newRecord(id))
    await pass(0)
    for (const id of ids(600, 1200)) writer.add(newRecord(id))
    await pass(0)
    expect(calls).toBe(1)
    await pass(2000)
    expect(calls).toBeLessThanOrEqual(5)
    await close(writer, 10_000)
  })

  it('does not wait for a store that never answers, nor call it more and more', async () => {
    const backend = openStore()
    const spill = openMemorySpill()
    const { writer } = openWriter(backend.store, spill)
    backend.state.append = 'hangs'
    for (const id of ids(50)) writer.add(newRecord(id))
    await pass(2500)
    expect(spill.records).toBe(50)
    await pass(60_000)
    expect(backend.calls).toBe(3)
  })

  it('tries again what the spill cannot give now, and spills what comes in the meantime', async () => {
    const { store, taken } = openStore()
    const spill = openMemorySpill()
    await spill.write([newRecord('r00000')])
    spill.state.error = Object.assign(new Error('FAKE'), { code: 'EMFILE' })
    const { writer, lost } = openWriter(store, spill)
    writer.start()
    await pass(1000)
    writer.add(newRecord('r00001'))
    await pass(1000)
    expect([taken, writer.away, spill.records]).toEqual([[], true, 2])
    spill.state.error = null
    await pass(5000)
    expect([taken, writer.away, lost]).toEqual([ids(2), false, []])
  })

  it('drops the newest past its bounds, and counts each', async () => {
    const { store, state } = openStore()
    const { writer, lost } = openWriter(store, null)
    state.append = 'rejects'
    const accepted = ids(20_500).filter((id) => writer.add(newRecord(id)))
    expect(accepted).toEqual(ids(20_000))
    expect(writer.dropped).toBe(500)
    expect(lost.every(([, , taken]) => !taken)).toBe(true)
    await close(writer, 300)
    expect(writer.dropped).toBe(20_500)
  })

  it('loses only the record that the store refuses among others', async () => {
    const { store, state, taken } = openStore()
    const { writer } = openWriter(store, null)
    state.refuses = ({ requestId }) => requestId === 'r00002'
    for (const id of ids(5)) writer.add(newRecord(id))
    await pass(20_000)
    expect(taken).toEqual(['r00000', 'r00001', 'r00003', 'r00004'])
    expect(writer.dropped).toBe(1)
  })

  it.each([
    new ConfigurationError('database', 'holds no current schema'),
    new StorageError('not_permitted', 'The database role lacks the right.'),
  ])('loses none that are refused for what is wrong with the store: %s', async (error) => {
    const { store, state, taken } = openStore()
    const { writer } = openWriter(store, null)
    state.error = error
    state.refuses = ({ requestId }) => requestId === 'r00002'
    for (const id of ids(5)) writer.add(newRecord(id))
    await pass(60_000)
    expect([writer.dropped, writer.away]).toEqual([0, true])
    state.refuses = () => false
    await pass(20_000)
    expect(new Set(taken)).toEqual(new Set(ids(5)))
    expect([writer.dropped, writer.queued]).toEqual([0, 0])
  })

  it('spills what it holds when it is closed while the store is away', async () => {
    const { store, state } = openStore()
    state.append = 'rejects'
    const spill = openMemorySpill()
    const { writer } = openWriter(store, spill)
    for (const id of ids(30)) writer.add(newRecord(id))
    await close(writer, 3000)
    expect([writer.dropped, writer.queued, spill.records]).toEqual([0, 0, 30])
  })

  it('does not store what its retention would purge', async () => {
    const content: StoredContent = {
      request: new Uint8Array(1),
      tip: null,
      runs: [],
      parts: [],
      references: [],
      answer: null,
      truncated: false,
    }
    const spill = openMemorySpill()
    await spill.write([10_000, 5_000, 0].map((age, i) => newRecord(`r${i}`, { startedAt: Date.now() - age, content })))
    const { store } = openStore()
    const { writer } = openWriter(store, spill, { recordsMs: 8_000, bodiesMs: 3_000 })
    writer.start()
    await pass(1000)
    expect(await store.find('r0')).toBeNull()
    expect((await store.find('r1'))?.content).toBeNull()
    expect((await store.find('r2'))?.content).not.toBeNull()
  })
})
