import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { KeyRingError } from '../errors.js'
import type { KeyWrapper } from './key-ring.js'
import { createSealer, readRingKeyId } from './sealer.js'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** A key management service: it alone has the key that wraps. */
function fakeService() {
  const master = randomBytes(32)
  const state = { away: false, mayUnwrap: true, wraps: 0, unwraps: 0 }
  const wrapper: KeyWrapper = {
    async wrap(dataKey) {
      state.wraps += 1
      if (state.away) throw new Error('ECONNREFUSED FAKE-token')
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', master, nonce)
      return Buffer.concat([nonce, cipher.update(dataKey), cipher.final(), cipher.getAuthTag()])
    },
    async unwrap(wrapped) {
      state.unwraps += 1
      if (state.away || !state.mayUnwrap) throw new Error('AccessDenied FAKE-token')
      const decipher = createDecipheriv('aes-256-gcm', master, wrapped.subarray(0, 12)).setAuthTag(
        wrapped.subarray(-16),
      )
      return Buffer.concat([decipher.update(wrapped.subarray(12, -16)), decipher.final()])
    },
  }
  return { state, wrapper }
}

function fakeClock() {
  let time = 0
  const now = () => time
  const pass = (ms: number) => {
    time += ms
  }
  return { now, monotonic: now, pass }
}

function setUp(wrapper = fakeService().wrapper, clock = fakeClock()) {
  return { clock, sealer: createSealer({ current: 'kms', keys: { kms: wrapper } }, { clock }) }
}

const context = { purpose: 'body', id: 'req-1' }
const text = Buffer.from('FAKE prompt')
/** Lets what runs in the background come to its end. */
const settle = () => new Promise((resolve) => setImmediate(resolve))
const failureOf = (doing: Promise<unknown>): Promise<KeyRingError> =>
  doing.then(
    () => expect.unreachable('it worked'),
    (error) => error,
  )

afterEach(() => void vi.useRealTimers())

describe('a ring key kept by a key management service', () => {
  it('opens what another process sealed, and tells its id', async () => {
    const { wrapper } = fakeService()
    const sealed = await setUp(wrapper).sealer.seal(text, context)
    expect(readRingKeyId(sealed)).toBe('kms')
    expect(Buffer.from(await setUp(wrapper).sealer.open(sealed, context))).toEqual(text)
    expect(await failureOf(setUp().sealer.open(sealed, context))).toMatchObject({ code: 'key_unavailable' })
  })

  it('asks the service once for many, sealing and opening', async () => {
    const { state, wrapper } = fakeService()
    const { sealer } = setUp(wrapper)
    const sealed = await Promise.all(Array.from({ length: 50 }, () => sealer.seal(text, context)))
    expect(state).toMatchObject({ wraps: 1, unwraps: 1 })
    const { sealer: other } = setUp(wrapper)
    await Promise.all(sealed.map((value) => other.open(value, context)))
    expect(state).toMatchObject({ wraps: 1, unwraps: 2 })
  })

  it('is never given what is sealed', async () => {
    const { wrapper } = fakeService()
    const seen: Uint8Array[] = []
    const { sealer } = setUp({ ...wrapper, wrap: (key) => wrapper.wrap(seen[seen.push(key) - 1]!) })
    await sealer.seal(text, context)
    expect(seen.map(({ length }) => length)).toEqual([32])
  })

  it('makes the next data key in the background after an hour, or 100,000 uses', async () => {
    const { state, wrapper } = fakeService()
    const { sealer, clock } = setUp(wrapper)
    const first = await sealer.seal(text, context)
    clock.pass(HOUR_MS - 1)
    await sealer.seal(text, context)
    await settle()
    expect(state.wraps).toBe(1)
    clock.pass(1)
    const sameKey = await sealer.seal(text, context)
    await settle()
    expect(state.wraps).toBe(2)
    const next = await sealer.seal(text, context)
    const wrappedKeyOf = (sealed: Uint8Array) => Buffer.from(sealed.subarray(7, 67)).toString('hex')
    expect(wrappedKeyOf(sameKey)).toBe(wrappedKeyOf(first))
    expect(wrappedKeyOf(next)).not.toBe(wrappedKeyOf(first))
    for (const sealed of [first, next]) expect(Buffer.from(await sealer.open(sealed, context))).toEqual(text)

    clock.pass(MINUTE_MS)
    for (let uses = 0; uses < 100_000; uses++) await sealer.ready()
    await settle()
    expect(state.wraps).toBe(3)
  })

  it('goes on sealing for a day while the service is away, asking every ten seconds', async () => {
    const { state, wrapper } = fakeService()
    const { sealer, clock } = setUp(wrapper)
    await sealer.ready()
    state.away = true
    clock.pass(HOUR_MS)
    for (let i = 0; i < 100; i++) await sealer.seal(text, context)
    await settle()
    expect(state.wraps).toBe(2)
    clock.pass(10_000)
    for (let i = 0; i < 100; i++) await sealer.seal(text, context)
    await settle()
    expect(state.wraps).toBe(3)
    clock.pass(23 * HOUR_MS)
    expect(await failureOf(sealer.seal(text, context))).toMatchObject({ code: 'key_unavailable' })
    state.away = false
    await sealer.seal(text, context)
  })

  it('asks again after an hour whether it may still open', async () => {
    const { state, wrapper } = fakeService()
    const sealed = await setUp(wrapper).sealer.seal(text, context)
    const { sealer, clock } = setUp(wrapper)
    await sealer.open(sealed, context)
    state.mayUnwrap = false
    clock.pass(HOUR_MS - 1)
    await sealer.open(sealed, context)
    clock.pass(1)
    const error = await failureOf(sealer.open(sealed, context))
    expect(error.message).toBe('The key management service of ring key kms did not unwrap a data key.')
    expect(error.message).not.toContain('FAKE')
  })

  it('keeps a refusal for ten seconds', async () => {
    const { state, wrapper } = fakeService()
    const sealed = await setUp(wrapper).sealer.seal(text, context)
    const { sealer, clock } = setUp(wrapper)
    state.away = true
    for (let i = 0; i < 20; i++) await failureOf(sealer.open(sealed, context))
    expect(state.unwraps).toBe(2)
    state.away = false
    clock.pass(10_000)
    expect(Buffer.from(await sealer.open(sealed, context))).toEqual(text)
  })

  it('does not begin to seal with leave to wrap but none to unwrap', async () => {
    const { state, wrapper } = fakeService()
    state.mayUnwrap = false
    const { sealer } = setUp(wrapper)
    expect(await failureOf(sealer.ready())).toMatchObject({ code: 'key_unavailable' })
    expect(await failureOf(sealer.seal(text, context))).toMatchObject({ code: 'key_unavailable' })
  })

  it.each<[string, Partial<KeyWrapper>]>([
    ['nothing for a wrapped key', { wrap: async () => new Uint8Array(0) }],
    ['too much for a wrapped key', { wrap: async () => new Uint8Array(4097) }],
    ['text for a wrapped key', { wrap: async () => 'FAKE' as unknown as Uint8Array }],
    ['a data key that is too short', { unwrap: async () => randomBytes(16) }],
    ['another data key', { unwrap: async () => randomBytes(32) }],
    [
      'an error at once',
      {
        wrap() {
          throw new Error('FAKE')
        },
      },
    ],
  ])('refuses a service that gives %s', async (_what, part) => {
    const { sealer } = setUp({ ...fakeService().wrapper, ...part })
    const error = await failureOf(sealer.seal(text, context))
    expect(error).toBeInstanceOf(KeyRingError)
    expect(error).toMatchObject({ code: 'key_unavailable', message: expect.not.stringContaining('FAKE') })
  })

  it('waits ten seconds for an answer and no longer', async () => {
    vi.useFakeTimers()
    const { sealer } = setUp({ ...fakeService().wrapper, wrap: () => new Promise(() => {}) })
    const failure = failureOf(sealer.seal(text, context))
    await vi.advanceTimersByTimeAsync(10_000)
    expect(await failure).toMatchObject({ code: 'key_unavailable' })
    expect(vi.getTimerCount()).toBe(0)
  })

  it('takes over from a local key, and hands back to one', async () => {
    const { wrapper } = fakeService()
    const keys = { k1: randomBytes(32), kms: wrapper }
    const [local, kept] = [createSealer({ current: 'k1', keys }), createSealer({ current: 'kms', keys })]
    expect(Buffer.from(await kept.open(await local.seal(text, context), context))).toEqual(text)
    expect(Buffer.from(await local.open(await kept.seal(text, context), context))).toEqual(text)
  })

  it('keeps a bounded number of unwrapped keys', async () => {
    const { state, wrapper } = fakeService()
    const values: Uint8Array[] = []
    for (let i = 0; i < 1001; i++) values.push(await setUp(wrapper).sealer.seal(text, context))
    const { sealer } = setUp(wrapper)
    state.unwraps = 0
    for (const value of values) await sealer.open(value, context)
    expect(state.unwraps).toBe(1001)
    await sealer.open(values.at(-1)!, context)
    expect(state.unwraps).toBe(1001)
    await sealer.open(values[0]!, context)
    expect(state.unwraps).toBe(1002)
  })
})
