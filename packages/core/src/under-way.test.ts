import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Placed, UnderWay } from './under-way.js'

describe('UnderWay', () => {
  it('holds what was added and not removed, in any order of both', () => {
    const steps = fc.array(fc.oneof(fc.constant('add' as const), fc.nat()), { maxLength: 60 })
    fc.assert(
      fc.property(steps, (steps) => {
        const underWay = new UnderWay<Placed>()
        const expected: Placed[] = []
        for (const step of steps) {
          if (step === 'add') {
            const member = { place: 0 }
            underWay.add(member)
            expected.push(member)
          } else if (expected.length > 0) {
            underWay.remove(expected.splice(step % expected.length, 1)[0]!)
          }
          expect(underWay.size).toBe(expected.length)
          expect(new Set(underWay.all())).toEqual(new Set(expected))
          for (const member of expected) expect(underWay.all()[member.place]).toBe(member)
        }
      }),
    )
  })

  it('gives those of one moment: what is removed meanwhile stays in the list given', () => {
    const underWay = new UnderWay<Placed>()
    const members = [{ place: 0 }, { place: 0 }, { place: 0 }]
    for (const member of members) underWay.add(member)
    const now = underWay.all()
    for (const member of now) underWay.remove(member)
    expect(now).toEqual(members)
    expect(underWay.size).toBe(0)
  })
})
