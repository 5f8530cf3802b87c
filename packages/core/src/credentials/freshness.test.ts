import { describe, expect, it } from 'vitest'
import { FakeClock } from '../testing/fake-clock.js'
import { Freshness } from './freshness.js'

function open({ lifetimeMs = 3_600_000, issuedAgoMs = 0 as number | null, chance = 0 } = {}) {
  const clock = new FakeClock()
  const issuedAt = issuedAgoMs === null ? null : clock.now() - issuedAgoMs
  return { clock, freshness: new Freshness(clock, clock.now() + lifetimeMs, issuedAt, chance) }
}

describe('Freshness', () => {
  it('counts down', () => {
    const { clock, freshness } = open()
    expect(freshness.left()).toBe(3_600_000)
    clock.pass(3_599_000)
    expect(freshness.left()).toBe(1000)
    clock.pass(2000)
    expect(freshness.left()).toBe(-1000)
  })

  it('has no end where no expiry is known', () => {
    const clock = new FakeClock()
    const freshness = new Freshness(clock, null, null, 0)
    clock.pass(1e12)
    expect(freshness.left()).toBe(Infinity)
  })

  it('is not longer for a wall clock that steps back', () => {
    const { clock, freshness } = open()
    clock.step(-3_600_000)
    expect(freshness.left()).toBe(3_600_000)
    clock.pass(3_600_001)
    expect(freshness.left()).toBe(-1)
  })

  it('is shorter for a wall clock that steps forth', () => {
    const { clock, freshness } = open()
    clock.step(600_000)
    expect(freshness.left()).toBe(3_000_000)
  })

  it.each([
    [0, 120_000],
    [1, 90_000],
    [0.5, 105_000],
  ])('is due 120 s before expiry or, by chance (%f), up to 30 s later', (chance, advisoryMs) => {
    expect(open({ chance }).freshness).toMatchObject({ advisoryMs, blockingMs: 30_000 })
  })

  it.each([
    [60_000, 30_000, 15_000],
    [100_000, 50_000, 25_000],
    [240_000, 120_000, 30_000],
  ])('has windows within the lifetime of a short token (%i)', (lifetimeMs, advisoryMs, blockingMs) => {
    expect(open({ lifetimeMs }).freshness).toMatchObject({ advisoryMs, blockingMs })
  })

  it.each([[null], [-7_200_000]])(
    'has the full windows where the time of issue is not known or absurd (%s)',
    (issuedAgoMs) => {
      const { freshness } = open({ lifetimeMs: 60_000, issuedAgoMs })
      expect(freshness).toMatchObject({ advisoryMs: 120_000, blockingMs: 30_000 })
    },
  )
})
