import { describe, expect, it, vi } from 'vitest'
import { createClientKey } from '../client-key.js'
import { silentLogger } from '../logger.js'
import { memoryStorage } from '../storage/memory.js'
import type { ClientKeyLookup } from '../storage/storage.js'
import { createNoKeyNotice } from './no-client-key.js'

const { record } = createClientKey({ domain: 'example.com' })
const none = memoryStorage().clientKeys!
const one = memoryStorage({ clientKeys: [record] }).clientKeys!
const lookup: ClientKeyLookup = { find: () => null }

/** What two refusals log. */
async function warnings(...stores: readonly ClientKeyLookup[]): Promise<unknown[]> {
  const warn = vi.fn()
  const notice = createNoKeyNotice(stores, { ...silentLogger, warn })
  notice()
  notice()
  // Every list has been waited for by then.
  await new Promise((resolve) => setImmediate(resolve))
  return warn.mock.calls
}

describe('createNoKeyNotice', () => {
  it('warns once where no store has a key', async () => {
    expect(await warnings(none, none)).toEqual([[{}, expect.stringMatching(/^no client key is configured/)]])
  })

  it.each([
    ['a store has one', [none, one]],
    ['a store cannot tell', [none, lookup]],
    ['the host authenticates', []],
  ])('says nothing where %s', async (_name, stores) => {
    expect(await warnings(...stores)).toEqual([])
  })

  it('leaves a store that is away to others', async () => {
    const away = { ...none, list: () => Promise.reject(new Error('FAKE')) }
    expect(await warnings(away)).toEqual([])
  })
})
