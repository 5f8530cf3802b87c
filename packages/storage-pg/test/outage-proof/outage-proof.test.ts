import { expect, it } from 'vitest'
import { outages } from './outages.js'
import { prove } from './prove.js'

/** The long form is `npx tsx packages/storage-pg/bench/outage.ts`. */
it('every exchange is stored once and none waits, while Postgres is killed, frozen and read-only', async () => {
  const { phases, verdict } = await prove({ seconds: 3, perSecond: 100 })
  expect(phases.map(({ name }) => name)).toEqual(['well', ...Object.keys(outages), 'well again'])
  expect(phases.flatMap(({ failures }) => failures)).toEqual([])
  expect(phases.slice(1, -1).every(({ spilled }) => spilled > 0)).toBe(true)
  const sent = 6 * 300
  expect(verdict).toEqual({
    answered: sent,
    rows: sent,
    missing: 0,
    unknown: 0,
    withoutContent: 0,
    summed: sent,
    dropped: 0,
  })
}, 120_000)
