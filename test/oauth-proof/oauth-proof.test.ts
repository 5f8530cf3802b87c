import { expect, it } from 'vitest'
import { prove, roundsOver } from './prove.mjs'

/** One of each kind; the long form is `node test/oauth-proof/prove.mjs --expiries 2000`. */
const plan = [...roundsOver('file'), 'expiry']

it('8 processes refresh once an expiry, spend no token twice and lose no pair, whatever is done to them', async () => {
  const summary = await prove({ plan, processes: 8, requests: 100, store: 'file', seed: 1 })
  expect(summary.wrong).toEqual([])
  expect(summary).toMatchObject({ rounds: plan.length, refreshes: plan.length, reuses: 0 })
  expect(summary.losses).toBeGreaterThanOrEqual(1)
}, 120_000)
