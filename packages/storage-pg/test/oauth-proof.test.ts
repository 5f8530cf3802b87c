import { expect, inject, it, onTestFinished, vi } from 'vitest'
import { prove, roundsOver } from '../../../test/oauth-proof/prove.mjs'
import { createTestDatabase } from './support/databases.js'

/** One of each kind; the long form is `node test/oauth-proof/prove.mjs --store postgres`. */
const plan = [...roundsOver('postgres'), 'expiry']

it('8 processes on one database refresh once an expiry and lose no pair, whatever is done to them and to it', async () => {
  const database = await createTestDatabase(inject('postgresUrl'), null)
  vi.stubEnv('DATABASE_URL', database.url)
  onTestFinished(async () => {
    vi.unstubAllEnvs()
    await database.drop()
  })
  const summary = await prove({ plan, processes: 8, requests: 100, store: 'postgres', seed: 1 })
  expect(summary.wrong).toEqual([])
  expect(summary).toMatchObject({ rounds: plan.length, refreshes: plan.length, reuses: 0 })
  expect(summary.losses).toBeGreaterThanOrEqual(1)
}, 180_000)
