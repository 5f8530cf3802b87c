import { getEventListeners } from 'node:events'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { silentLogger } from '../logger.js'
import { Secret } from '../secret.js'
import { neverRefreshed, type OAuthCredential } from '../storage/credential.js'
import { memoryStorage } from '../storage/memory.js'
import { FakeClock } from '../testing/fake-clock.js'
import { UnstoredPair } from './unstored-pair.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it('leaves no listener behind, however often it is tried', async () => {
  const credential: OAuthCredential = {
    type: 'oauth',
    accessToken: new Secret('FAKE-access'),
    refreshToken: new Secret('FAKE-refresh'),
    expiresAt: null,
    refresh: neverRefreshed,
  }
  const update = vi.fn(() => Promise.reject(new Error('disk full')))
  const held = new UnstoredPair(
    'example.com',
    { spent: credential, credential },
    {
      store: { ...memoryStorage().credentials, update },
      spareStore: null,
      endpoint: { ask: () => Promise.reject(new Error('not asked')), close: async () => {} },
      clientId: null,
      clock: new FakeClock(),
      logger: silentLogger,
      owner: 'host:1:FAKE',
    },
  )
  const listened = vi.spyOn(AbortSignal.prototype, 'addEventListener')
  void held.keepTrying()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(update.mock.calls.length).toBeGreaterThan(20)
  const signals = listened.mock.contexts as AbortSignal[]
  expect(signals.length).toBeGreaterThan(20)
  expect(getEventListeners(signals.at(-1)!, 'abort')).toHaveLength(1)
  listened.mockRestore()
  await held.close()
})
